namespace Ambient.Cni.Plugin.Protocol;

/// <summary>The pod of a sandbox, as <c>CNI_ARGS</c> says (pairs <c>KEY=value</c>, separated by semicolons). Immutable.</summary>
/// <param name="Name"><c>K8S_POD_NAME</c>.</param>
/// <param name="Namespace"><c>K8S_POD_NAMESPACE</c>.</param>
/// <param name="Uid"><c>K8S_POD_UID</c>; empty when the runtime does not say it.</param>
internal sealed record PodArguments(string Name, string Namespace, string Uid)
{
    private const int LongestName = 253;

    /// <summary>Reads the pairs; null when neither name nor namespace is there. Keys that nobody knows are left alone. Throws <see cref="CniException"/>.</summary>
    public static PodArguments? Read(string text)
    {
        string name = "", ns = "", uid = "";
        foreach (string pair in text.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw Wrong("is not KEY=value", pair);
            }

            string value = pair[(equals + 1)..];
            switch (pair[..equals])
            {
                case "K8S_POD_NAME":
                    name = Checked("K8S_POD_NAME", value);
                    break;
                case "K8S_POD_NAMESPACE":
                    ns = Checked("K8S_POD_NAMESPACE", value);
                    break;
                case "K8S_POD_UID":
                    uid = Checked("K8S_POD_UID", value);
                    break;
                default:
                    break;
            }
        }

        // With half a name nobody can say whose pod it is, and that means no.
        return (name.Length > 0, ns.Length > 0) switch
        {
            (true, true) => new PodArguments(name, ns, uid),
            (false, false) => null,
            _ => throw Wrong("names only one of K8S_POD_NAME and K8S_POD_NAMESPACE", text),
        };
    }

    private static string Checked(string key, string value) =>
        value.Length <= LongestName && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_') ? value : throw Wrong($"has a {key} that is no Kubernetes name", value);

    private static CniException Wrong(string what, string value) => new(CniErrorCode.InvalidEnvironment, $"env variable CNI_ARGS {what}: {CniOutput.Printable(value)}");
}
