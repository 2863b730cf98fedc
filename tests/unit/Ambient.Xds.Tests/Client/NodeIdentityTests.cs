using Ambient.Xds.Client;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.Xds.Tests.Client;

public sealed class NodeIdentityTests
{
    [Fact]
    [Trait("behaviour", "ZT-168")]
    public void JsonMetadata_KeepsItsTypes_AndBrokenOnesAreSkipped()
    {
        var skipped = new List<string>();
        var settings = new NodeSettings
        {
            PodName = "p",
            ProxyMetadata = new Dictionary<string, string> { ["CLUSTER_ID"] = "c1", ["NAME"] = "other", ["OBJECT"] = "text" },
            JsonMetadata = new Dictionary<string, string>
            {
                ["OBJECT"] = """{"a":"b"}""",
                ["LIST"] = """["x", 2]""",
                ["TRUE"] = "true",
                ["ONE"] = "1",
                ["NULL"] = "null",
                ["BROKEN"] = "{",
            },
        };

        Struct metadata = NodeIdentity.Build(settings, (key, _) => skipped.Add(key)).Metadata;

        Assert.Equal("b", metadata.Fields["OBJECT"].StructValue.Fields["a"].StringValue);
        Assert.Equal(["x"], metadata.Fields["LIST"].ListValue.Values.Take(1).Select(value => value.StringValue));
        Assert.True(metadata.Fields["TRUE"].BoolValue);
        Assert.Equal(1.0, metadata.Fields["ONE"].NumberValue);
        Assert.Equal(Value.KindOneofCase.NullValue, metadata.Fields["NULL"].KindCase);
        Assert.Equal(("other", "c1"), (metadata.Fields["NAME"].StringValue, metadata.Fields["CLUSTER_ID"].StringValue));
        Assert.Equal(["BROKEN"], skipped);
        Assert.False(metadata.Fields.ContainsKey("BROKEN"));
    }
}
