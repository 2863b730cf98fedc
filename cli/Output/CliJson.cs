using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ambient.Cli.Output;

/// <summary>Serializers made when building, for there is no reflection.</summary>
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class CliJson : JsonSerializerContext;
