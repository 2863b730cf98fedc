using System.Text;
using Ambient.Xds.Server.Resources;

namespace Ambient.Xds.Server.Tests.Resources;

public sealed class XxHash64Tests
{
    [Theory]
    [InlineData("", "ef46db3751d8e999")]
    [InlineData("a", "d24ec4f1a98c6e5b")]
    [InlineData("abc", "44bc2cf5ad770999")]
    [InlineData("Nobody inspects the spammish repetition", "fbcea83c8a378bf1")]
    [InlineData("xxhash", "32dd38952c4bc720")]
    public void KnownValues_ComeOut(string text, string hash) => Assert.Equal(hash, XxHash64.Of(Encoding.ASCII.GetBytes(text)).ToString("x16"));
}
