namespace Ambient.Kubernetes.Manifests;

/// <summary>Paths of JSON errors: <c>spec.rules[0].from</c>, <c>metadata.labels['a.b/c']</c>. Pure.</summary>
internal static class YamlPath
{
    public static IEnumerable<string> Split(string path)
    {
        int at = path.StartsWith('$') ? 1 : 0;
        while (at < path.Length)
        {
            int end;
            if (path[at] == '.')
            {
                at++;
            }
            else if (path[at] == '[' && at + 1 < path.Length && path[at + 1] == '\'')
            {
                end = path.IndexOf("']", at + 2, StringComparison.Ordinal);
                end = end < 0 ? path.Length : end;
                yield return path[(at + 2)..end];
                at = end + 2;
            }
            else if (path[at] == '[')
            {
                end = path.IndexOf(']', at);
                end = end < 0 ? path.Length : end;
                yield return path[(at + 1)..end];
                at = end + 1;
            }
            else
            {
                end = path.AsSpan(at).IndexOfAny('.', '[');
                end = end < 0 ? path.Length : at + end;
                yield return path[at..end];
                at = end;
            }
        }
    }
}
