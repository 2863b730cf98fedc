using Ambient.ControlPlane.Authority.Roots;
using Ambient.ControlPlane.Authority.Signing;
using Ambient.ControlPlane.Settings;
using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane.Certificates;

/// <summary>Opens the authority and keeps it up to date: a plugged-in one when its files change, our own when its root is due. Thread-safe.</summary>
internal sealed class AuthorityKeeper(ControlPlaneSettings settings, IRootStore store, AuthorityHolder holder, TimeProvider clock, Logger log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private readonly SelfSignedKeeper _own = new(store, settings.Mesh.TrustDomain, settings.RootLifetime, clock);
    private string _lastError = "";

    /// <summary>Puts the first authority in force.</summary>
    /// <exception cref="InvalidDataException">There is none that can be used.</exception>
    internal async Task OpenAsync(CancellationToken cancellation)
    {
        if (PluggedAuthority.IsPresent(settings.PluggedFolder))
        {
            if (!PluggedAuthority.TryLoad(settings.PluggedFolder, clock.GetUtcNow(), out SigningAuthority? plugged, out string? error))
            {
                throw new InvalidDataException(error);
            }

            holder.Replace(plugged, mayChangeRoots: true);
        }
        else
        {
            using SelfSignedRoot root = await OpenOwnAsync(cancellation);
            holder.Replace(Made(root), mayChangeRoots: true);
        }

        log.Info("the authority is ready", LogField.Of("authority", holder.Current!.ToString()));
    }

    /// <summary>Looks every minute whether there is something new; what cannot be used is said once, and the old one stays.</summary>
    internal async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            string error = await LookAsync(cancellation);
            if (error.Length > 0 && error != _lastError)
            {
                log.Error("the authority cannot be renewed; the one in force stays", LogField.Of("error", error));
            }

            _lastError = error;
        }
    }

    /// <summary>The API server may come up after us: what cannot be reached is tried again, what is stored and unusable is not.</summary>
    private async Task<SelfSignedRoot> OpenOwnAsync(CancellationToken cancellation)
    {
        for (int tries = 0; ; tries++)
        {
            try
            {
                return await _own.OpenAsync(cancellation);
            }
            catch (IOException unreachable) when (store is SecretRootStore)
            {
                TimeSpan pause = TimeSpan.FromSeconds(Math.Min(15, 1 << Math.Min(tries, 4)));
                log.Warn("the root cannot be opened yet", LogField.Of("error", unreachable.Message), LogField.Milliseconds("retry_in", (long)pause.TotalMilliseconds));
                await Task.Delay(pause, clock, cancellation);
            }
        }
    }

    private async Task<string> LookAsync(CancellationToken cancellation)
    {
        try
        {
            SigningAuthority? next;
            string? error = null;
            if (PluggedAuthority.IsPresent(settings.PluggedFolder))
            {
                PluggedAuthority.TryLoad(settings.PluggedFolder, clock.GetUtcNow(), out next, out error);
            }
            else
            {
                using SelfSignedRoot? root = await _own.CheckAsync(cancellation);
                next = root is null ? null : Made(root);
                error = root is null ? "the stored root is gone" : null;
            }

            bool isNew = next is not null && (!next.CertificateDer.Span.SequenceEqual(holder.Current!.CertificateDer.Span)
                || next.RootsPem != holder.Current.RootsPem || next.RevocationPem != holder.Current.RevocationPem);
            if (!isNew)
            {
                next?.Dispose();
                return error ?? "";
            }

            // Our own root is renewed with a bundle that overlaps; a plugged-in one only where that is allowed.
            error = holder.Replace(next!, settings.MayChangeRoots || !PluggedAuthority.IsPresent(settings.PluggedFolder));
            if (error is null)
            {
                log.Info("a new authority is in force", LogField.Of("authority", next!.ToString()));
            }

            return error ?? "";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return failure.Message;
        }
    }

    private SigningAuthority Made(SelfSignedRoot root) => root.TryMakeAuthority(null, clock.GetUtcNow(), out SigningAuthority? authority, out string? error)
        ? authority
        : throw new InvalidDataException(error);
}
