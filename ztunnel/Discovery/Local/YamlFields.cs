using YamlDotNet.RepresentationModel;

namespace Ambient.Ztunnel.Discovery.Local;

/// <summary>The keys of one YAML map. Each is taken once; what is left when the reader is done is an error. Not thread-safe.</summary>
internal sealed class YamlFields
{
    private readonly Dictionary<string, (YamlNode Key, YamlNode Value)> _left = new(StringComparer.Ordinal);
    private readonly List<string> _known = [];
    private readonly YamlNode _node;
    private readonly string _what;

    internal YamlFields(YamlNode node, string what)
    {
        _node = node;
        _what = what;
        foreach ((YamlNode key, YamlNode value) in YamlReading.Map(node, what).Children)
        {
            _left.Add(YamlReading.Text(key, $"a key of {what}"), (key, value));
        }
    }

    /// <summary>The value of a key; null when it is absent or null.</summary>
    internal YamlNode? Take(string key)
    {
        _known.Add(key);
        return _left.Remove(key, out (YamlNode Key, YamlNode Value) field) && !YamlReading.IsNull(field.Value) ? field.Value : null;
    }

    internal YamlNode Require(string key) => Take(key) ?? throw LocalFileException.At(_node, $"{_what} lacks the key {key}");

    /// <summary>A text, empty when absent.</summary>
    internal string Text(string key)
    {
        _known.Add(key);
        return _left.Remove(key, out (YamlNode Key, YamlNode Value) field) && (!YamlReading.IsNull(field.Value) || field.Value is YamlScalarNode { Value: "~" })
            ? YamlReading.Text(field.Value, key)
            : "";
    }

    /// <summary>The items of a list, none when absent.</summary>
    internal IEnumerable<YamlNode> List(string key) => Take(key) is { } node ? YamlReading.List(node, key) : [];

    /// <summary>A value read by a function, or the default when absent.</summary>
    internal T Read<T>(string key, Func<YamlNode, string, T> read, T absent) => Take(key) is { } node ? read(node, key) : absent;

    /// <summary>Refuses keys that nobody took: a misspelt key must not be ignored.</summary>
    internal void End()
    {
        foreach ((string name, (YamlNode key, _)) in _left)
        {
            throw LocalFileException.At(key, $"unknown key '{name}' in {_what}; known are {string.Join(", ", _known)}");
        }
    }
}
