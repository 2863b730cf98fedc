using Ambient.Tls.Native;

namespace Ambient.Tls.Origination;

/// <summary>Sessions of servers that can be resumed, one for each name at each place; bounded. Thread-safe.</summary>
internal sealed class SessionCache
{
    // A session that was judged long ago is not resumed: what was revoked or renewed since is seen by then.
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(30);
    private const int MaxSessions = 256;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (nint Session, long JudgedAt)> _sessions = new(StringComparer.Ordinal);
    private bool _isClosed;

    /// <summary>Frees what was never cleared.</summary>
    ~SessionCache() => Empty();

    /// <summary>Lets a new connection resume what there is, and says when that server was judged; null: there is nothing.</summary>
    internal long? Use(string key, nint ssl)
    {
        lock (_gate)
        {
            if (!_sessions.TryGetValue(key, out (nint Session, long JudgedAt) kept))
            {
                return null;
            }

            if (Environment.TickCount64 - kept.JudgedAt < MaxAge.TotalMilliseconds && Libssl.SSL_set_session(ssl, kept.Session) == 1)
            {
                return kept.JudgedAt;
            }

            _sessions.Remove(key);
            Libssl.SSL_SESSION_free(kept.Session);
            return null;
        }
    }

    /// <summary>Keeps what the connection can be resumed by.</summary>
    internal void Keep(string key, nint ssl, long judgedAt)
    {
        nint session = Libssl.SSL_get1_session(ssl);
        if (session == 0)
        {
            return;
        }

        lock (_gate)
        {
            if (_isClosed || Libssl.SSL_SESSION_is_resumable(session) != 1)
            {
                Libssl.SSL_SESSION_free(session);
                return;
            }

            if (_sessions.Remove(key, out (nint Session, long JudgedAt) before))
            {
                Libssl.SSL_SESSION_free(before.Session);
            }
            else if (_sessions.Count >= MaxSessions)
            {
                Empty();
            }

            _sessions[key] = (session, judgedAt);
        }
    }

    /// <summary>Forgets one: the server did not want it.</summary>
    internal void Forget(string key)
    {
        lock (_gate)
        {
            if (_sessions.Remove(key, out (nint Session, long JudgedAt) kept))
            {
                Libssl.SSL_SESSION_free(kept.Session);
            }
        }
    }

    /// <summary>Forgets all, for good.</summary>
    internal void Clear()
    {
        lock (_gate)
        {
            _isClosed = true;
            Empty();
        }
    }

    private void Empty()
    {
        foreach ((nint session, _) in _sessions.Values)
        {
            Libssl.SSL_SESSION_free(session);
        }

        _sessions.Clear();
    }
}
