using System.Diagnostics;
using System.Net.Sockets;
using Ambient.Benchmarks.Network;
using Ambient.Linux.Namespaces;

namespace Ambient.Benchmarks.Subjects;

/// <summary>Asks the readiness port (15021) of our proxies, in the namespace where they run.</summary>
internal static class ReadyProbe
{
    /// <summary>Starts the subject once more and measures how long it takes to be ready, in milliseconds.</summary>
    public static double Time(RunningSubject running, Func<BenchNetwork, string> place)
    {
        // The running one keeps its ports, so every other one gets the namespaces of a network of its own.
        using BenchNetwork network = new();
        long start = Stopwatch.GetTimestamp();
        using RunningSubject timed = new(running.Subject, running.Context with { Network = network });
        Wait(place(network), TimeSpan.FromSeconds(20));
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>Waits until the proxy in a namespace is ready.</summary>
    /// <exception cref="InvalidOperationException">It was not, within the limit.</exception>
    public static void Wait(string ns, TimeSpan limit)
    {
        using NetworkNamespace space = BenchNetwork.Open(ns);
        long start = Stopwatch.GetTimestamp();
        while (!space.Run(IsReady))
        {
            if (Stopwatch.GetElapsedTime(start) > limit)
            {
                throw new InvalidOperationException($"the proxy was not ready within {limit}");
            }
        }
    }

    private static bool IsReady()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 2000 };
        try
        {
            socket.Connect("127.0.0.1", 15021);
            socket.Send("GET /healthz/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8);
            byte[] answer = new byte[64];
            int received = socket.Receive(answer);
            return answer.AsSpan(0, received).StartsWith("HTTP/1.1 200"u8);
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
