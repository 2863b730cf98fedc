using Ambient.Benchmarks.Cni;
using Ambient.Benchmarks.ControlPlane;
using Ambient.Benchmarks.L4;
using Ambient.Benchmarks.Load;

// ambient-bench l4 [options]   paired benchmark of the L4 data path
// ambient-bench cni [options]  what our CNI plugin adds to the making of a pod
// ambient-bench control-plane [--pods N] [--services N]  discovery, changes and certificates
// ambient-bench load …         the load generator and its servers, started by the above inside namespaces
try
{
    switch (args.FirstOrDefault())
    {
        case "load":
            return LoadCommand.Run(args.AsSpan(1));
        case "l4":
            L4Options options = L4Options.Parse(args[1..]);
            Machine machine = Machine.Describe();
            Runner runner = new(options);
            IReadOnlyList<Row> rows = runner.Run().Rows();
            if (options.Json)
            {
                using Stream output = Console.OpenStandardOutput();
                Report.WriteJson(output, machine, rows);
            }
            else
            {
                Console.WriteLine(Report.Markdown(machine, rows));
            }

            if (options.Markdown is not null)
            {
                File.WriteAllText(options.Markdown, Report.Markdown(machine, rows));
            }

            return runner.Failed ? 1 : 0;
        case "cni":
            return await CniBench.RunAsync(CniOptions.Parse(args[1..]));
        case "control-plane":
            ControlPlaneOptions plane = ControlPlaneOptions.Parse(args[1..]);
            return await ControlPlaneBench.RunAsync(plane.Pods, plane.Services);
        default:
            Console.Error.WriteLine("usage: ambient-bench l4 [--quick] [--json] [--runs N] [--seconds S] [--only W,W] [--subjects S,S] [--markdown FILE] [--ztunnel PATH]\n       ambient-bench cni --plugin PATH --agent PATH --ztunnel PATH [--trimmed PATH] [--pods N]\n       ambient-bench control-plane [--pods N] [--services N]");
            return 2;
    }
}
catch (ArgumentException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}
