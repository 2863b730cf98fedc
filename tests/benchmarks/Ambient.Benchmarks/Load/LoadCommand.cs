using System.Globalization;
using Ambient.Linux.Sockets;

namespace Ambient.Benchmarks.Load;

/// <summary>The roles of <c>ambient-bench load</c>.</summary>
internal static class LoadCommand
{
    /// <summary>Runs one role to its end; servers run until they are killed.</summary>
    public static int Run(ReadOnlySpan<string> arguments)
    {
        string role = arguments[0];
        if (!SocketAddress.TryParse(arguments[1], out SocketAddress address))
        {
            throw new ArgumentException($"{arguments[1]} is not an address like 10.0.0.1:80");
        }

        switch (role)
        {
            case "serve":
                return LoadServer.Run(address, answer: true);
            case "serve-http":
                return LoadServer.Run(address, answer: true, anyLength: true);
            case "h2load":
                return Http2Load.Run(address, int.Parse(arguments[2], CultureInfo.InvariantCulture), Seconds(arguments[3]), arguments[4]);
            case "sink":
                return LoadServer.Run(address, answer: false);
            case "probe":
                return Probe.Run(address, exchange: true);
            case "probe-connect":
                return Probe.Run(address, exchange: false);
            case "bulk":
                return BulkLoad.Run(address, int.Parse(arguments[2], CultureInfo.InvariantCulture), Seconds(arguments[3]));
            case "req":
                return RequestLoad.Run(address, int.Parse(arguments[2], CultureInfo.InvariantCulture), Seconds(arguments[3]), int.Parse(arguments[4], CultureInfo.InvariantCulture));
            case "churn":
                return ChurnLoad.Run(address, int.Parse(arguments[2], CultureInfo.InvariantCulture), Seconds(arguments[3]));
            case "idle":
                return IdleLoad.Run(address, int.Parse(arguments[2], CultureInfo.InvariantCulture));
            case "limit-seal":
                return LimitRelay.Run(address, arguments[2], seal: true);
            case "limit-open":
                return LimitRelay.Run(address, arguments[2], seal: false);
            default:
                throw new ArgumentException("unknown load role " + role);
        }
    }

    private static TimeSpan Seconds(string text) => TimeSpan.FromSeconds(double.Parse(text, CultureInfo.InvariantCulture));
}
