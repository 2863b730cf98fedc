using System.Diagnostics;

namespace Ambient.Benchmarks.Subjects;

/// <summary>The started processes of a subject. Disposing kills them and waits for their end.</summary>
internal sealed class RunningSubject : IDisposable
{
    private readonly List<Process> _processes = [];
    private readonly IDisposable? _prepared;
    private readonly string _directory;

    public RunningSubject(Subject subject, SubjectContext context)
    {
        Subject = subject;
        Context = context;

        // A directory of their own: ztunnel watches the one of its model, and would be woken by every line.
        _directory = Directory.CreateDirectory(Path.Combine(context.Directory, "logs")).FullName;
        _prepared = subject.Prepare(context);
        try
        {
            foreach (ProcessSpec spec in subject.Processes(context))
            {
                _processes.Add(Start(spec, Path.Combine(_directory, $"{subject.Name}-{_processes.Count}.log")));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public Subject Subject { get; }

    public SubjectContext Context { get; }

    /// <summary>Process ids, server side first.</summary>
    public IReadOnlyList<int> ProcessIds => [.. _processes.Select(p => p.Id)];

    /// <summary>Throws with the log's end when one of the processes has ended.</summary>
    public void VerifyAlive()
    {
        for (int i = 0; i < _processes.Count; i++)
        {
            if (_processes[i].HasExited)
            {
                string log = File.ReadAllText(Path.Combine(_directory, $"{Subject.Name}-{i}.log"));
                throw new InvalidOperationException($"{Subject.Name}: process {i} ended with {_processes[i].ExitCode}: {log[Math.Max(0, log.Length - 2000)..]}");
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Process process in _processes)
        {
            try
            {
                process.Kill(entireProcessTree: true);
                process.WaitForExit();
            }
            catch (InvalidOperationException)
            {
                // It ended by itself; VerifyAlive has said so, or nobody cares any more.
            }

            process.Dispose();
        }

        _processes.Clear();
        _prepared?.Dispose();
    }

    private static Process Start(ProcessSpec spec, string log)
    {
        // The shell only redirects; exec makes the proxy keep the process id that is measured.
        ProcessStartInfo start = new("ip", ["netns", "exec", spec.Namespace, "sh", "-c", "exec \"$@\" >\"$0\" 2>&1", log, .. spec.Command]);
        foreach ((string name, string value) in spec.Environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start) ?? throw new InvalidOperationException("cannot start " + spec.Command[0]);
    }
}
