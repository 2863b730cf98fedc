using Ambient.Linux;

namespace Ambient.Ztunnel.Tests.Dns;

/// <summary>Port 0 for a server of UDP and TCP: the kernel chooses for UDP, and over TCP somebody else may have that port.</summary>
internal static class FreePort
{
    public static T Open<T>(Func<T> open)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return open();
            }
            catch (LinuxException) when (attempt < 10)
            {
                // Another port, then.
            }
        }
    }
}
