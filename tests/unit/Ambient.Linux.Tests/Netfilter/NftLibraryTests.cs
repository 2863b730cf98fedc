using Ambient.Linux.Namespaces;
using Ambient.Linux.Netfilter;
using Microsoft.Win32.SafeHandles;

namespace Ambient.Linux.Tests.Netfilter;

public sealed class NftLibraryTests
{
    [Fact]
    public void LowDescriptorsAreGone_TheLibraryIsNotUsed()
    {
        // Its select would end the process at descriptor 1024.
        List<SafeFileHandle> taken = [.. Enumerable.Range(0, 1000).Select(_ => File.OpenHandle("/dev/null"))];
        bool isUsable = NftLibrary.IsUsable;
        taken.ForEach(h => h.Dispose());
        Assert.False(isUsable);
    }

    [Fact]
    public void Namespaces_LeaveLowDescriptorsAlone_OnceThereAreFewLeft()
    {
        List<SafeFileHandle> taken = [.. Enumerable.Range(0, 64).Select(_ => File.OpenHandle("/dev/null"))];
        using NetworkNamespace here = NetworkNamespace.Current();
        taken.ForEach(h => h.Dispose());
        Assert.True(here.Descriptor >= 1024, $"{here.Descriptor}");
    }
}
