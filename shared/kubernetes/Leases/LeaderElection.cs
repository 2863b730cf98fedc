using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Coordination;
using Ambient.Telemetry.Logging;

namespace Ambient.Kubernetes.Leases;

/// <summary>
/// One of many leads: whoever holds a lease. Clocks of others are not believed: a lease counts as abandoned when it has not changed for its duration as
/// we saw it. Every write names the version it saw, so two can never both succeed. Thread-safe.
/// </summary>
public sealed class LeaderElection(KubernetesClient client, LeaderOptions options, TimeProvider time, Logger log)
{
    private Lease? _seen;
    private long _seenAt;
    private volatile bool _isLeader;

    /// <summary>Whether we lead at this moment.</summary>
    public bool IsLeader => _isLeader;

    /// <summary>Who leads, as last seen; null when nobody does.</summary>
    public string? Leader => Volatile.Read(ref _seen)?.Spec.HolderIdentity is { Length: > 0 } holder ? holder : null;

    /// <summary>
    /// Stands for election until cancelled. While we lead, <paramref name="lead"/> runs; its token is cancelled when the lease is lost, and it must then
    /// stop writing at once. When it returns by itself, or on cancellation, the lease is given back.
    /// </summary>
    public async Task RunAsync(Func<CancellationToken, Task> lead, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(lead);
        while (true)
        {
            while (!await TryTakeAsync(cancellation))
            {
                await Task.Delay(options.RetryPeriod * (0.8 + (0.4 * Random.Shared.NextDouble())), time, cancellation);
            }

            log.Info("leading", LogField.Of("lease", options.Name), LogField.Of("identity", options.Identity));
            await LeadAsync(lead, cancellation);
            cancellation.ThrowIfCancellationRequested();
            await Task.Delay(options.RetryPeriod, time, cancellation);
        }
    }

    private async Task LeadAsync(Func<CancellationToken, Task> lead, CancellationToken cancellation)
    {
        using var leading = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _isLeader = true;
        Task renewing = RenewAsync(leading);
        Task work = lead(leading.Token);
        try
        {
            await Task.WhenAny(work, renewing);
        }
        finally
        {
            _isLeader = false;
            await leading.CancelAsync();
        }

        // The lease is given back only when nobody works under it any more.
        try
        {
            await work;
        }
        catch (OperationCanceledException) when (leading.IsCancellationRequested)
        {
            // As told.
        }
        finally
        {
            await renewing;
            await GiveBackAsync();
            log.Info("not leading any more", LogField.Of("lease", options.Name), LogField.Of("identity", options.Identity));
        }
    }

    /// <summary>Renews until it is lost, the deadline is over, or told to stop. Never throws.</summary>
    private async Task RenewAsync(CancellationTokenSource leading)
    {
        long renewed = time.GetTimestamp();
        try
        {
            while (true)
            {
                TimeSpan until = options.RenewDeadline - time.GetElapsedTime(renewed);
                await Task.Delay(until < options.RetryPeriod && until > TimeSpan.Zero ? until : options.RetryPeriod, time, leading.Token);

                // A write that hangs must not outlive the deadline.
                TimeSpan left = options.RenewDeadline - time.GetElapsedTime(renewed);
                using var limit = new Deadline(left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1), time, leading.Token);
                long before = time.GetTimestamp();
                bool isOurs;
                try
                {
                    isOurs = await TryTakeAsync(limit.Token);
                }
                catch (OperationCanceledException) when (!leading.IsCancellationRequested)
                {
                    isOurs = false;
                }

                if (isOurs)
                {
                    renewed = before;
                }
                else if (Leader != options.Identity || time.GetElapsedTime(renewed) >= options.RenewDeadline)
                {
                    log.Error("the lease is lost", LogField.Of("lease", options.Name), LogField.Of("holder", Leader));
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Told to stop.
        }
    }

    /// <summary>Takes or renews the lease if it is free, abandoned or ours; whether it is ours now.</summary>
    private async Task<bool> TryTakeAsync(CancellationToken cancellation)
    {
        ApiResult<Lease> read = await client.GetAsync(KnownResources.Leases, new ResourceKey(options.Namespace, options.Name), cancellation);
        if (!read.IsOk(out Lease? lease, out ApiError? error))
        {
            if (!error.IsNotFound)
            {
                log.Warn("the lease cannot be read", LogField.Of("lease", options.Name), LogField.Of("error", error.ToString()));
                return false;
            }

            return Keep(await client.CreateAsync(KnownResources.Leases, Ours(null), cancellation));
        }

        if (_seen is null || _seen.Metadata.ResourceVersion != lease.Metadata.ResourceVersion)
        {
            (_seen, _seenAt) = (lease, time.GetTimestamp());
        }

        bool isOurs = lease.Spec.HolderIdentity == options.Identity, isFree = string.IsNullOrEmpty(lease.Spec.HolderIdentity);
        TimeSpan duration = TimeSpan.FromSeconds(Math.Clamp(lease.Spec.LeaseDurationSeconds ?? 0, 1, 3600));
        return (isOurs || isFree || time.GetElapsedTime(_seenAt) >= duration) && Keep(await client.UpdateAsync(KnownResources.Leases, Ours(lease), cancellation));
    }

    private bool Keep(ApiResult<Lease> written)
    {
        if (!written.IsOk(out Lease? lease, out ApiError? error))
        {
            log.Log(error.IsConflict ? LogLevel.Debug : LogLevel.Warn, "the lease was not taken", LogField.Of("lease", options.Name), LogField.Of("error", error.ToString()));
            return false;
        }

        (_seen, _seenAt) = (lease, time.GetTimestamp());
        return true;
    }

    private Lease Ours(Lease? old)
    {
        DateTimeOffset now = time.GetUtcNow();
        bool isRenewal = old?.Spec.HolderIdentity == options.Identity;
        return new Lease
        {
            Metadata = old?.Metadata ?? new ObjectMeta { Namespace = options.Namespace, Name = options.Name },
            Spec = new LeaseSpec
            {
                HolderIdentity = options.Identity,
                LeaseDurationSeconds = (int)Math.Ceiling(options.Duration.TotalSeconds),
                AcquireTime = isRenewal ? old!.Spec.AcquireTime : now,
                RenewTime = now,
                LeaseTransitions = old is null ? 0 : (old.Spec.LeaseTransitions ?? 0) + (isRenewal ? 0 : 1),
            },
        };
    }

    private async Task GiveBackAsync()
    {
        if (_seen is not { } held || held.Spec.HolderIdentity != options.Identity)
        {
            return;
        }

        // Briefly: who ends does not wait for a server that does not answer, and the lease runs out by itself.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(3), time);
        try
        {
            Lease free = held with { Spec = held.Spec with { HolderIdentity = "", RenewTime = time.GetUtcNow(), LeaseDurationSeconds = 1 } };
            ApiResult<Lease> given = await client.UpdateAsync(KnownResources.Leases, free, limit.Token);
            _seen = given.Value ?? _seen;
        }
        catch (OperationCanceledException)
        {
            // It runs out.
        }
    }
}
