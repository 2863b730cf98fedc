namespace Ambient.Rig.Clusters;

/// <summary>Settings of the whole machine that a kubelet changes; put back when the cluster goes. Not thread-safe.</summary>
internal sealed class KernelSettings : IDisposable
{
    private static readonly string[] Names = ["vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes"];
    private readonly Dictionary<string, string> _before = Names.Select(n => "/proc/sys/" + n).Where(File.Exists).ToDictionary(p => p, File.ReadAllText, StringComparer.Ordinal);

    public void Dispose()
    {
        foreach ((string path, string value) in _before)
        {
            try
            {
                File.WriteAllText(path, value);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // As it was refused to the kubelet.
            }
        }
    }
}
