namespace Ambient.Cni.Plugin.Protocol;

/// <summary>The attachment that the environment names (CNI specification, section 2: parameters). Immutable.</summary>
/// <param name="ContainerId"><c>CNI_CONTAINERID</c>.</param>
/// <param name="NetworkPath"><c>CNI_NETNS</c>; empty when DEL comes without it.</param>
/// <param name="Pod">The pod that <c>CNI_ARGS</c> names; null when the sandbox is not Kubernetes'.</param>
internal sealed record CniEnvironment(string ContainerId, string NetworkPath, PodArguments? Pod)
{
    private const int LongestInterface = 15;
    private const int LongestPath = 4096;
    private const int LongestId = 256;

    /// <summary>Reads the variables. Throws <see cref="CniException"/> that names the one that is wrong.</summary>
    public static CniEnvironment Read(Func<string, string?> environment, bool needsNetwork)
    {
        string id = environment("CNI_CONTAINERID") ?? "";
        Check("CNI_CONTAINERID", id, id.Length is > 0 and <= LongestId && char.IsAsciiLetterOrDigit(id[0]) && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-'), "letters, digits, and _ . - behind the first");
        string name = environment("CNI_IFNAME") ?? "";
        Check("CNI_IFNAME", name, name.Length is > 0 and <= LongestInterface && name is not ("." or "..") && !name.Any(c => c is '/' or ':' || char.IsWhiteSpace(c) || char.IsControl(c)), "the name of an interface, at most 15 characters");
        string network = environment("CNI_NETNS") ?? "";
        Check("CNI_NETNS", network, (network.Length == 0 && !needsNetwork) || IsPlainPath(network), "an absolute path without . and ..");
        return new CniEnvironment(id, network, ReadPod(environment("CNI_ARGS") ?? "", isNeeded: needsNetwork));
    }

    private static PodArguments? ReadPod(string arguments, bool isNeeded)
    {
        try
        {
            return PodArguments.Read(arguments);
        }
        catch (CniException) when (!isNeeded)
        {
            // DEL only tells the agent, which learns of the pod's end all the same.
            return null;
        }
    }

    /// <summary>Whether a path says where it leads: absolute, and without steps back.</summary>
    public static bool IsPlainPath(string path) =>
        path.Length is > 1 and <= LongestPath && path[0] == '/' && !path.Any(char.IsControl) && !path.Split('/').Any(p => p is "." or "..");

    private static void Check(string variable, string value, bool isRight, string allowed)
    {
        if (!isRight)
        {
            throw new CniException(CniErrorCode.InvalidEnvironment, value.Length == 0 ? $"required env variable {variable} is missing" : $"env variable {variable} is not {allowed}: {CniOutput.Printable(value)}");
        }
    }
}
