using System.Globalization;
using System.Text.Json.Nodes;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Leases;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.Testing.Clocks;
using Ambient.Testing.Waiting;

namespace Ambient.Kubernetes.Tests.Leases;

public sealed class LeaderElectionTests : IAsyncDisposable
{
    private readonly Logs _logs = new();
    private readonly ManualTime _time = new();
    private readonly ScriptedApiServer _server;
    private readonly KubernetesClient _client;
    private readonly Lock _gate = new();
    private JsonNode? _lease;
    private int _version;
    private int _writes;
    private bool _isDown;

    public LeaderElectionTests()
    {
        _server = new ScriptedApiServer(Answer);
        _client = _server.Client(new ClientOptions { Tries = 1 });
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _logs.Dispose();
    }

    [Fact]
    public async Task OneLeads_TheOtherTakesOver_WhenItIsGivenBack()
    {
        await using var a = new Candidate(this, "a");
        await Eventually.TrueAsync(() => a.IsLeading);
        await using var b = new Candidate(this, "b");
        await Eventually.TrueAsync(() => b.Election.Leader == "a");
        await a.StopAsync();
        await PassTimeUntilAsync(() => b.IsLeading);
        Assert.Equal("b", Holder());
        Assert.Equal(1, _lease!["spec"]!["leaseTransitions"]!.GetValue<int>());
    }

    [Fact]
    public async Task LeaderWithoutServer_StopsBeforeTheNextMayBegin()
    {
        await using var a = new Candidate(this, "a");
        await Eventually.TrueAsync(() => a.IsLeading);
        DateTimeOffset last = _time.GetUtcNow();
        _isDown = true;
        await PassTimeUntilAsync(() => !a.IsLeading);
        Assert.InRange(_time.GetUtcNow() - last, TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(29));
        Assert.Equal("a", Holder());
    }

    [Fact]
    public async Task LeaseThatIsNotRenewed_IsTaken_AfterItsDurationAsSeenHere_WhateverItsClockSays()
    {
        // Its times are of next year and of last year: neither matters.
        Put("""{"metadata":{"name":"l","namespace":"n"},"spec":{"holderIdentity":"dead","leaseDurationSeconds":30,"renewTime":"2031-01-01T00:00:00.000000Z","leaseTransitions":4}}""");
        await using var a = new Candidate(this, "a");
        await Eventually.TrueAsync(() => a.Election.Leader == "dead");
        DateTimeOffset seen = _time.GetUtcNow();
        await PassTimeUntilAsync(() => a.IsLeading);
        Assert.InRange(_time.GetUtcNow() - seen, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(45));
        Assert.Equal(5, _lease!["spec"]!["leaseTransitions"]!.GetValue<int>());
    }

    [Fact]
    public async Task LeaseThatSomebodyTakes_EndsTheLead_AtOnce()
    {
        await using var a = new Candidate(this, "a");
        await Eventually.TrueAsync(() => a.IsLeading);
        Put("""{"metadata":{"name":"l","namespace":"n"},"spec":{"holderIdentity":"thief","leaseDurationSeconds":30}}""");
        await PassTimeUntilAsync(() => !a.IsLeading);
        Assert.Equal("thief", Holder());
    }

    [Fact]
    public async Task TwoAtOnce_OneWins()
    {
        await using var a = new Candidate(this, "a");
        await using var b = new Candidate(this, "b");
        await Eventually.TrueAsync(() => a.IsLeading || b.IsLeading);
        await PassTimeUntilAsync(() => _writes > 12, () => Assert.False(a.IsLeading && b.IsLeading));
    }

    private string Holder() => _lease!["spec"]!["holderIdentity"]?.GetValue<string>() ?? "";

    private void Put(string json)
    {
        lock (_gate)
        {
            _lease = JsonNode.Parse(json);
            _lease!["metadata"]!["resourceVersion"] = (++_version).ToString(CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Moves the clock in small steps, and lets everyone react to each.</summary>
    private Task PassTimeUntilAsync(Func<bool> condition, Action? always = null) => Eventually.TrueAsync(() =>
    {
        always?.Invoke();
        if (condition())
        {
            return true;
        }

        _time.Advance(TimeSpan.FromMilliseconds(100));
        return false;
    }, TimeSpan.FromSeconds(60));

    private ApiReply Answer(ApiCall call)
    {
        lock (_gate)
        {
            if (_isDown)
            {
                return ApiReply.Failure(503, "Down");
            }

            if (call.Method == "GET")
            {
                return _lease is null ? ApiReply.Failure(404, "NotFound") : ApiReply.Ok(_lease.ToJsonString());
            }

            JsonNode sent = JsonNode.Parse(call.Body)!;
            bool isCreate = call.Method == "POST";
            if (isCreate ? _lease is not null : sent["metadata"]!["resourceVersion"]?.GetValue<string>() != _lease!["metadata"]!["resourceVersion"]!.GetValue<string>())
            {
                return ApiReply.Failure(409, isCreate ? "AlreadyExists" : "Conflict");
            }

            _writes++;
            Put(call.Body);
            return ApiReply.Ok(_lease!.ToJsonString());
        }
    }

    private sealed class Candidate : IAsyncDisposable
    {
        private readonly CancellationTokenSource _ending = new();
        private readonly Task _running;
        private volatile bool _isLeading;

        public Candidate(LeaderElectionTests test, string identity)
        {
            Election = new LeaderElection(test._client, new LeaderOptions { Namespace = "n", Name = "l", Identity = identity }, test._time, test._logs.Logger);
            _running = Election.RunAsync(LeadAsync, _ending.Token);
        }

        public LeaderElection Election { get; }

        public bool IsLeading => _isLeading;

        public async Task StopAsync()
        {
            await _ending.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running);
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            _ending.Dispose();
        }

        private async Task LeadAsync(CancellationToken lead)
        {
            _isLeading = true;
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, lead);
            }
            finally
            {
                _isLeading = false;
            }
        }
    }
}
