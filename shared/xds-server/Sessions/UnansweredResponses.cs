namespace Ambient.Xds.Server.Sessions;

/// <summary>
/// The responses of one type that a client has neither confirmed nor refused, oldest first. Clients answer in order, so an answer is one to all before it. Bounded: where there are too many, every
/// second is forgotten, and an answer to a forgotten one counts with the next. Used under its session's lock.
/// </summary>
internal sealed class UnansweredResponses
{
    internal const int Most = 64;
    private readonly List<(string Nonce, long Moment, DateTimeOffset At)> _sent = [];

    internal int Count => _sent.Count;

    /// <summary>When the oldest of them was sent; null: all are answered.</summary>
    internal DateTimeOffset? Since => _sent.Count == 0 ? null : _sent[0].At;

    /// <summary>A response of a moment of the store goes out.</summary>
    internal void OnSent(string nonce, long moment, DateTimeOffset at)
    {
        if (_sent.Count == Most)
        {
            int index = 0;

            // The oldest stays: it says since when.
            _sent.RemoveAll(_ => index++ % 2 == 1);
        }

        _sent.Add((nonce, moment, at));
    }

    /// <summary>An answer; false when it is to none of these, else of which moment the response was.</summary>
    internal bool TryAnswer(string nonce, out long moment)
    {
        int index = _sent.FindIndex(response => response.Nonce == nonce);
        moment = index < 0 ? -1 : _sent[index].Moment;
        _sent.RemoveRange(0, index + 1);
        return index >= 0;
    }
}
