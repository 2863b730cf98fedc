using Ambient.ControlPlane.Routing.Keys;

namespace Ambient.ControlPlane.Tests.Keys;

/// <summary>A memory that a test looks into.</summary>
internal sealed class MemoryOfTests : IKeySetMemory
{
    private volatile string? _text;
    private int _saves;

    public string? Text
    {
        get => _text;
        set => _text = value;
    }

    public int Saves => Volatile.Read(ref _saves);

    public string? Trouble { get; set; }

    public Task<string?> LoadAsync(CancellationToken cancellation) => Trouble is { } trouble ? throw new IOException(trouble) : Task.FromResult(_text);

    public Task SaveAsync(string text, CancellationToken cancellation)
    {
        if (Trouble is { } trouble)
        {
            throw new IOException(trouble);
        }

        _text = text;
        Interlocked.Increment(ref _saves);
        return Task.CompletedTask;
    }
}
