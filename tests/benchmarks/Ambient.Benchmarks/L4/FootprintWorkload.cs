using System.Diagnostics;
using System.Net.Sockets;
using Ambient.Benchmarks.Network;
using Ambient.Benchmarks.Subjects;
using Ambient.Linux.Namespaces;

namespace Ambient.Benchmarks.L4;

/// <summary>Time from start to ready, and resident memory of one proxy: empty, and with many workloads known.</summary>
internal sealed class FootprintWorkload : Workload
{
    public override string Name => "footprint";

    public override bool Includes(Subject subject) => subject is AmbientSubject or NginxSubject or HaproxySubject;

    public override IEnumerable<Sample> Measure(RunningSubject running, TimeSpan duration)
    {
        yield return new Sample("resident_mb", "MB", ProcessUsage.ResidentBytes([running.ProcessIds[^1]]) / 1e6);
        if (running.Subject is not AmbientSubject)
        {
            yield break;
        }

        yield return new Sample("ready_ms", "ms", TimeToReady(running));
        foreach (int workloads in new[] { 10_000, 200_000 })
        {
            using BenchNetwork network = new();
            using RunningSubject loaded = new(running.Subject, running.Context with { Network = network, Workloads = workloads });
            WaitReady(network.Client, TimeSpan.FromMinutes(2));
            yield return new Sample($"resident_mb_{workloads}_workloads", "MB", ProcessUsage.ResidentBytes([loaded.ProcessIds[^1]]) / 1e6);
        }
    }

    private static double TimeToReady(RunningSubject running)
    {
        // The running pair keeps its ports, so every other one gets the namespaces of a network of its own.
        using BenchNetwork network = new();
        long start = Stopwatch.GetTimestamp();
        using RunningSubject timed = new(running.Subject, running.Context with { Network = network });
        WaitReady(network.Client, TimeSpan.FromSeconds(20));
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static void WaitReady(string ns, TimeSpan limit)
    {
        using NetworkNamespace space = BenchNetwork.Open(ns);
        long start = Stopwatch.GetTimestamp();
        while (!space.Run(IsReady))
        {
            if (Stopwatch.GetElapsedTime(start) > limit)
            {
                throw new InvalidOperationException($"ztunnel was not ready within {limit}");
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
