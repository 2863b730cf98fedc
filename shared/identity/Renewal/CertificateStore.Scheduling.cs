using Ambient.Identity.Certificates;
using Ambient.Identity.Issuing;

namespace Ambient.Identity.Renewal;

/// <content>Which request goes next, and when an identity is due again.</content>
public sealed partial class CertificateStore
{
    /// <summary>How long from now until a certificate should be renewed, without jitter: half its life, zero when that has passed or makes no sense.</summary>
    internal static TimeSpan UntilHalfLife(DateTimeOffset notBefore, DateTimeOffset notAfter, DateTimeOffset now)
    {
        TimeSpan life = notAfter - notBefore;
        if (life <= TimeSpan.Zero)
        {
            return TimeSpan.Zero;
        }

        TimeSpan left = notBefore + (life / 2) - now;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>The wait before the next attempt, without jitter.</summary>
    internal TimeSpan BackoffAfter(int failures, TimeSpan failingFor, bool isEarly = false)
    {
        if (failingFor >= _options.GiveUpDoublingAfter)
        {
            return _options.MaxBackoff;
        }

        TimeSpan first = isEarly ? _options.FirstEarlyBackoff : _options.FirstBackoff;
        double wait = first.TotalMilliseconds * Math.Pow(2, Math.Clamp(failures - 1, 0, 30));
        return TimeSpan.FromMilliseconds(Math.Min(wait, _options.MaxBackoff.TotalMilliseconds));
    }

    private void Enqueue(CertificateEntry entry, RequestPriority priority)
    {
        bool isPromotion = entry.Current == CertificateEntry.Phase.Queued && priority > entry.Priority;
        if (entry.Current != CertificateEntry.Phase.Idle && !isPromotion)
        {
            return;
        }

        entry.Current = CertificateEntry.Phase.Queued;
        entry.Priority = priority;
        entry.DueVersion++;
        entry.Place = ++_order;
        _queue.Enqueue((entry, entry.Place), (-(int)priority, entry.Place));
    }

    /// <summary>Starts waiting requests while there is room. Never called under the lock: the issuer is foreign code.</summary>
    private void Start()
    {
        while (true)
        {
            CertificateEntry entry;
            lock (_gate)
            {
                if (_disposed || _inFlight >= _options.MaxInFlight || !TryDequeue(out entry))
                {
                    return;
                }

                entry.Current = CertificateEntry.Phase.InFlight;
                entry.Cancellation = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                _inFlight++;
            }

            // Owned by the count of requests in flight, which DisposeAsync waits for; every outcome is handled inside.
            _ = IssueAsync(entry, entry.Cancellation);
        }
    }

    private bool TryDequeue(out CertificateEntry entry)
    {
        while (_queue.TryDequeue(out (CertificateEntry Entry, long Place) head, out _))
        {
            if (head.Entry.Current == CertificateEntry.Phase.Queued && head.Entry.Place == head.Place)
            {
                entry = head.Entry;
                return true;
            }
        }

        entry = null!;
        return false;
    }

    private async Task IssueAsync(CertificateEntry entry, CancellationTokenSource cancellation)
    {
        WorkloadCertificate? certificate = null;
        string error = "";
        using (var limit = new CancellationTokenSource(_options.IssueTimeout, _clock))
        using (var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation.Token))
        {
            try
            {
                // WaitAsync as well: an issuer that overlooks its token must not hold the place either.
                certificate = await _issuer.IssueAsync(entry.Identity, either.Token).WaitAsync(either.Token);
            }
            catch (OperationCanceledException)
            {
                error = limit.IsCancellationRequested
                    ? $"the certificate authority gave no answer within {_options.IssueTimeout.TotalSeconds:0.###} s"
                    : ForgottenError;
            }
            catch (IssueException failure)
            {
                error = failure.Message;
            }
            catch (Exception failure)
            {
                error = $"{failure.GetType().Name}: {failure.Message}";
            }
        }

        Finish(entry, certificate, error);
    }

    private void Finish(CertificateEntry entry, WorkloadCertificate? certificate, string error)
    {
        List<CertificateEntry.Waiter>? waiters = null;
        bool isForgotten, isNews = false, keeps = false;
        lock (_gate)
        {
            _inFlight--;
            entry.Cancellation?.Dispose();
            entry.Cancellation = null;
            isForgotten = entry.Current == CertificateEntry.Phase.Forgotten;
            if (!isForgotten)
            {
                entry.Current = CertificateEntry.Phase.Idle;
                if (certificate is null && entry.AskAgain)
                {
                    Enqueue(entry, entry.Waiters is null ? RequestPriority.Warmup : RequestPriority.RealTime);
                }
                else
                {
                    keeps = certificate is null ? Fail(entry, error) : Succeed(entry, certificate);
                    isNews = !entry.IsEarly || _clock.GetUtcNow() - entry.FirstFailure >= _options.EarlyPatience;
                    waiters = entry.Waiters;
                    entry.Waiters = null;
                }

                entry.AskAgain = false;
            }

            if (_disposed && _inFlight == 0)
            {
                _drained.TrySetResult();
            }
        }

        if (certificate is null && isNews)
        {
            _options.OnFailure?.Invoke(entry.Identity.ToString(), error, keeps);
        }

        if (certificate is not null && !isForgotten)
        {
            _options.OnIssued?.Invoke(certificate);
        }

        Notify(entry, waiters, certificate, certificate is null ? error : null);
        Start();
    }

    private bool Succeed(CertificateEntry entry, WorkloadCertificate certificate)
    {
        DateTimeOffset now = _clock.GetUtcNow();
        entry.Certificate = certificate;
        entry.IsEarly = false;
        entry.Error = null;
        entry.Failures = 0;
        TimeSpan wait = UntilHalfLife(certificate.NotBefore, certificate.NotAfter, now);
        if (wait > TimeSpan.Zero)
        {
            entry.Overdue = 0;
            wait -= wait * (_options.RenewalJitter * Random.Shared.NextDouble());
        }
        else if (++entry.Overdue > 1)
        {
            // Renewed at once, and the new one is as bad: an authority with a wrong clock must not be hammered.
            wait = Jittered(BackoffAfter(entry.Overdue - 1, TimeSpan.Zero));
        }

        ScheduleAt(entry, now + wait);
        return true;
    }

    private bool Fail(CertificateEntry entry, string error)
    {
        DateTimeOffset now = _clock.GetUtcNow();
        if (entry.Failures++ == 0)
        {
            entry.FirstFailure = now;
        }

        DateTimeOffset retry = now + Jittered(BackoffAfter(entry.Failures, now - entry.FirstFailure, entry.IsEarly));
        entry.Error = error;
        WorkloadCertificate? kept = Usable(entry);
        ScheduleAt(entry, kept is not null && kept.NotAfter < retry ? kept.NotAfter : retry);
        return kept is not null;
    }

    private TimeSpan Jittered(TimeSpan wait) => wait * (1 + (_options.BackoffJitter * ((2 * Random.Shared.NextDouble()) - 1)));

    private void ScheduleAt(CertificateEntry entry, DateTimeOffset due)
    {
        if (_disposed)
        {
            return;
        }

        _due.Enqueue((entry, ++entry.DueVersion), (due, ++_order));
        Rearm();
    }

    private void OnDue()
    {
        lock (_gate)
        {
            DateTimeOffset now = _clock.GetUtcNow();
            while (_due.TryPeek(out (CertificateEntry Entry, long Version) head, out (DateTimeOffset Due, long Order) key) && key.Due <= now)
            {
                _due.Dequeue();
                if (head.Entry.Current == CertificateEntry.Phase.Idle && head.Entry.DueVersion == head.Version)
                {
                    Enqueue(head.Entry, RequestPriority.Background);
                }
            }

            Rearm();
        }

        Start();
    }

    private void Rearm()
    {
        while (_due.TryPeek(out (CertificateEntry Entry, long Version) head, out (DateTimeOffset Due, long Order) key))
        {
            if (head.Entry.Current != CertificateEntry.Phase.Idle || head.Entry.DueVersion != head.Version)
            {
                _due.Dequeue();
                continue;
            }

            TimeSpan wait = key.Due - _clock.GetUtcNow();
            _timer.Change(TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling(wait.TotalMilliseconds), 0, 3_600_000)), Timeout.InfiniteTimeSpan);
            return;
        }
    }
}
