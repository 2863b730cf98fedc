using Ambient.Grpc.Client;
using Ambient.Grpc.Tests.Servers;

namespace Ambient.Grpc.Tests.Client;

public sealed class ServerRootsTests
{
    [Fact]
    [Trait("behaviour", "ZT-175")]
    public void OnlyAFile_CanChange()
    {
        foreach (ServerRoots fixedRoots in new[] { ServerRoots.Parse("SYSTEM"), ServerRoots.Parse(new ServerCertificate("x").RootPem) })
        {
            fixedRoots.MarkChanged();
            Assert.False(fixedRoots.TakeChanged());
        }

        ServerRoots file = ServerRoots.Parse("/some/where.pem");
        Assert.False(file.TakeChanged());
        file.MarkChanged();
        Assert.True(file.TakeChanged());
        Assert.False(file.TakeChanged());
    }

    [Fact]
    public void File_IsReadAtEachLoad()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "nothing");
            ServerRoots roots = ServerRoots.Parse(path);
            Assert.Contains(path, Assert.Throws<InvalidDataException>(roots.Load).Message, StringComparison.Ordinal);
            File.WriteAllText(path, new ServerCertificate("x").RootPem + "\n" + new ServerCertificate("y").RootPem);
            Assert.Equal(2, roots.Load()!.Count);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void MissingFile_NamesThePath() =>
        Assert.Contains("/does/not/exist", Assert.Throws<InvalidDataException>(ServerRoots.Parse("/does/not/exist").Load).Message, StringComparison.Ordinal);

    [Fact]
    public void System_HasNoListOfItsOwn() => Assert.Null(ServerRoots.System().Load());
}
