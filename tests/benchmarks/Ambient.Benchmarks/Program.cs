using Ambient.Benchmarks.Cni;
using Ambient.Benchmarks.ControlPlane;
using Ambient.Benchmarks.L4;
using Ambient.Benchmarks.L7;
using Ambient.Benchmarks.Load;

// ambient-bench l4 [options]   paired benchmark of the L4 data path
// ambient-bench l7 [options]   the same for HTTP: the waypoint next to HAProxy and nginx
// ambient-bench cni [options]  what our CNI plugin adds to the making of a pod
// ambient-bench control-plane [--pods N] [--services N] [--changes N]  discovery, changes and certificates
// ambient-bench load …         the load generator and its servers, started by the above inside namespaces
try
{
    switch (args.FirstOrDefault())
    {
        case "load":
            return LoadCommand.Run(args.AsSpan(1));
        case "l4" or "l7":
            bool isL7 = args[0] == "l7";
            L4Options options = L4Options.Parse(args[1..]);
            Machine machine = Machine.Describe();
            Runner runner = isL7 ? new(options, HttpWorkload.All, HttpWorkload.Subjects) : new(options, Runner.L4Workloads, Runner.L4Subjects);
            string against = isL7 ? "haproxy-http" : "nginx-mtls";
            IReadOnlyList<Row> rows = runner.Run().Rows();
            if (options.Json)
            {
                using Stream output = Console.OpenStandardOutput();
                Report.WriteJson(output, machine, rows);
            }
            else
            {
                Console.WriteLine(Report.Markdown(machine, rows, against));
            }

            if (options.Markdown is not null)
            {
                File.WriteAllText(options.Markdown, Report.Markdown(machine, rows, against));
            }

            return runner.Failed ? 1 : 0;
        case "cni":
            return await CniBench.RunAsync(CniOptions.Parse(args[1..]));
        case "control-plane":
            ControlPlaneOptions plane = ControlPlaneOptions.Parse(args[1..]);
            return await ControlPlaneBench.RunAsync(plane);
        default:
            Console.Error.WriteLine("usage: ambient-bench l4|l7 [--quick] [--json] [--runs N] [--seconds S] [--only W,W] [--subjects S,S] [--markdown FILE] [--ztunnel PATH] [--waypoint PATH]\n       ambient-bench cni --plugin PATH --agent PATH --ztunnel PATH [--trimmed PATH] [--pods N]\n       ambient-bench control-plane [--pods N] [--services N] [--changes N]");
            return 2;
    }
}
catch (ArgumentException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}
