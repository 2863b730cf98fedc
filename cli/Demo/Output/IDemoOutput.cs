namespace Ambient.Cli.Demo.Output;

/// <summary>Where the demo writes: a terminal or a pipe.</summary>
internal interface IDemoOutput
{
    /// <summary>The opening line.</summary>
    void Title(string text);

    /// <summary>A step of setting up or taking down.</summary>
    void Step(string text);

    /// <summary>A check begins.</summary>
    void Begin(int number, int of, string title);

    /// <summary>What it did.</summary>
    void Did(string text);

    /// <summary>What it saw.</summary>
    void Saw(string text);

    /// <summary>It ended; the reason is null when it passed.</summary>
    void End(string? reason, TimeSpan took);

    /// <summary>The verdict over all checks: the last line.</summary>
    void Verdict(int passed, int failed);

    /// <summary>Free text, such as commands to play with.</summary>
    void Text(string text);

    /// <summary>Something went wrong outside a check.</summary>
    void Error(string text);
}
