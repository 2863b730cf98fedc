using System.Text.Json;
using Ambient.Cli.Output;
using Ambient.Kubernetes.Manifests;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Cli.Tests.Output;

/// <summary>YAML that is written reads back as the same JSON.</summary>
public sealed class YamlTextTests
{
    [Theory]
    [InlineData("""{"a":{"b":[1,2,{"c":null}],"d":{}},"e":[],"f":[[1],[]],"g":""}""")]
    [InlineData("""{"yes":"no","1":"1","true":true,"x: y":"- z","t":"2026-01-01","h":"#","q":"a'b\"c","n":"line\nnext\ttab","u":"é\u2028"}""")]
    [InlineData("""[{"a":1,"b":[{"c":2}]},[{"d":3}]]""")]
    public void Json_ComesBack(string json) => AssertSame(json);

    [Fact]
    public void AnyText_ComesBack() => Check.QuickThrowOnFailure(Prop.ForAll<string>(text => AssertSame($$"""{"k":{{JsonSerializer.Serialize(text ?? "")}},{{JsonSerializer.Serialize("x" + text)}}:[{{JsonSerializer.Serialize(text ?? "")}}]}""")));

    private static void AssertSame(string json)
    {
        using var document = JsonDocument.Parse(json);
        string yaml = YamlText.Of(document.RootElement);
        Assert.True(YamlDocument.TryRead(yaml, out IReadOnlyList<YamlDocument> read, out YamlProblem? problem), $"{problem}\n{yaml}");
        using var back = JsonDocument.Parse(read[0].Json);
        Assert.True(JsonElement.DeepEquals(document.RootElement, back.RootElement), $"{json}\n{yaml}");
    }
}
