using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Tests;

public sealed class TelemetryTests
{
    private const string Reviews = "apps/reviews.apps.svc.cluster.local";

    private const string Mesh = """
        MeshConfig mesh:
          accessLogFile: /dev/stdout
          trustDomain: td1
          defaultConfig: {tracing: {sampling: 200}}
          extensionProviders:
          - name: otel
            opentelemetry: {service: observe/collector.observe.svc.cluster.local, port: 4317, http: {path: /v1/traces, timeout: 3s, headers: [{name: a, value: b}, {name: c, envName: D}]}}
          - name: zip
            zipkin: {service: zipkin.istio-system.svc.cluster.local, port: 9411}
          - name: json
            envoyFileAccessLog: {path: /dev/stdout, logFormat: {labels: {code: "%RESPONSE_CODE%", who: "%NONSENSE%"}}}
          - name: logs
            envoyOtelAls: {service: collector, port: 4317, logName: mine, logFormat: {text: "%PROTOCOL%", labels: {a: "%REQ(a)%"}}}
          - name: sky
            skywalking: {service: sky, port: 1}
        """;

    [Fact]
    public void WithoutAWord_NothingIsSaid() => Assert.Null(Compiling.Of().Result.Telemetry);

    [Fact]
    public void MeshConfigAlone_LogsToStandardOutput_AndTracesNothing()
    {
        TelemetrySettings settings = Compiling.Of(Mesh).Result.Telemetry!;
        TelemetryProfile profile = Assert.Single(settings.Profiles);
        Assert.Empty(settings.Services);
        Assert.Equal(("envoy", "/dev/stdout", ""), (settings.Providers[(int)profile.Logs.Single().Provider].Name, settings.Providers[0].File.Path, profile.Logs[0].Filter));
        Assert.Null(profile.Tracing);
        Assert.Equal(("td1", "c1"), (settings.MeshId, settings.ClusterId));
    }

    [Fact]
    [Trait("behaviour", "CP-269")]
    [Trait("behaviour", "WP-223")]
    [Trait("behaviour", "WP-229")]
    public void Target_IsOneServiceAlone()
    {
        Compiling mesh = Compiling.Of(Mesh, """
            Telemetry t:
              targetRefs: [{kind: Service, name: reviews, group: ''}]
              metrics: [{overrides: [{match: {metric: REQUEST_COUNT}, tagOverrides: {custom_dimension: {value: "'test'"}}}]}]
              accessLogging: [{providers: [{name: JSON}], filter: {expression: response.code >= 400}}]
              tracing: [{providers: [{name: otel}], randomSamplingPercentage: 100}]
            """);
        TelemetrySettings settings = mesh.Result.Telemetry!;
        Assert.Equal(Reviews, Assert.Single(settings.Services).Key);
        TelemetryProfile own = settings.Profiles[(int)settings.Services[Reviews]];
        Assert.Equal(("istio_requests_total", "custom_dimension", "'test'"), (own.Metrics.Single().Metric, own.Metrics[0].Tags.Single().Name, own.Metrics[0].Tags[0].Value));
        Assert.Equal("response.code >= 400", own.Logs.Single().Filter);
        TelemetryProvider json = settings.Providers[(int)own.Logs[0].Provider];
        Assert.True(json.File.Json);
        Assert.Equal(["code=%RESPONSE_CODE%", "who=-"], json.File.Fields.Select(field => $"{field.Name}={field.Value}").Order());
        Assert.Equal(100, own.Tracing.RandomPercent);
        OtlpEndpoint otel = settings.Providers[(int)own.Tracing.Provider].OtlpTraces;
        Assert.Equal(("collector.observe.svc.cluster.local", 4317u, "/v1/traces", 3000ul, "a"), (otel.Host, otel.Port, otel.Path, otel.TimeoutMs, otel.Headers.Single().Name));
        Assert.Empty(settings.Profiles[0].Metrics);
        Assert.Contains(mesh.Messages, message => message.Contains("labels.who cannot be used", StringComparison.Ordinal) && message.Contains("%NONSENSE%", StringComparison.Ordinal));
        Assert.Contains(mesh.Messages, message => message.Contains("headers[1].envName is not supported", StringComparison.Ordinal));
        Assert.Contains(mesh.Messages, message => message.Contains("skywalking is not supported", StringComparison.Ordinal));
    }

    [Fact]
    public void Layers_GoFromRootToService_LaterOnesWinFieldByField()
    {
        Compiling mesh = Compiling.Of(
            Mesh,
            "Telemetry apps/target: {targetRefs: [{kind: Service, name: reviews, group: ''}], tracing: [{customTags: {b: {literal: {value: y}}}}], metrics: [{overrides: [{match: {metric: REQUEST_COUNT}, disabled: false}]}]}",
            "Telemetry istio-system/root: {tracing: [{providers: [{name: otel}], randomSamplingPercentage: 10, customTags: {a: {literal: {value: x}}}}], metrics: [{overrides: [{disabled: true}]}]}",
            "Telemetry apps/default: {tracing: [{randomSamplingPercentage: 50}], accessLogging: [{disabled: true}]}",
            "Telemetry apps/later: {tracing: [{randomSamplingPercentage: 99}]}",
            "Telemetry apps/selected: {selector: {matchLabels: {a: b}}, tracing: [{randomSamplingPercentage: 98}]}",
            "Telemetry elsewhere/foreign: {tracing: [{randomSamplingPercentage: 97}]}");
        TelemetrySettings settings = mesh.Result.Telemetry!;
        Assert.Equal((50, "a", 0), (settings.Profiles[0].Tracing.RandomPercent, settings.Profiles[0].Tracing.Tags.Single().Name, settings.Profiles[0].Logs.Count));
        Assert.Equal([true], settings.Profiles[0].Metrics.Select(change => change.Disabled));
        TelemetryProfile reviews = settings.Profiles[(int)settings.Services[Reviews]];
        Assert.Equal((50, "b"), (reviews.Tracing.RandomPercent, reviews.Tracing.Tags.Single().Name));
        Assert.Equal([true, false], reviews.Metrics.Select(change => change.Disabled));
        Assert.Contains(mesh.Messages, message => message.StartsWith("Telemetry later NoEffect: default is older", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Telemetry apps/t: {targetRefs: [{kind: Gateway, name: waypoint, group: gateway.networking.k8s.io}], tracing: [{providers: [{name: zip}]}]}", true)]
    [InlineData("Telemetry apps/t: {targetRefs: [{kind: Gateway, name: other, group: gateway.networking.k8s.io}], tracing: [{providers: [{name: zip}]}]}", false)]
    [InlineData("Telemetry istio-system/t: {targetRefs: [{kind: GatewayClass, name: istio-waypoint, group: gateway.networking.k8s.io}], tracing: [{providers: [{name: zip}]}]}", true)]
    [InlineData("Telemetry apps/t: {targetRef: {kind: GatewayClass, name: istio-waypoint, group: gateway.networking.k8s.io}, tracing: [{providers: [{name: zip}]}]}", false)]
    [InlineData("Telemetry other/t: {targetRefs: [{kind: Service, name: reviews, group: ''}], tracing: [{providers: [{name: zip}]}]}", false)]
    public void Targets_OfTheWholeWaypoint(string document, bool applies) => Assert.Equal(applies, Compiling.Of(Mesh, document).Result.Telemetry!.Profiles[0].Tracing is not null);

    [Theory]
    [InlineData("metrics: [{overrides: [{disabled: true}]}]", "=True")]
    [InlineData("metrics: [{overrides: [{match: {mode: CLIENT}, disabled: true}]}]", "")]
    [InlineData("metrics: [{overrides: [{match: {mode: SERVER, metric: TCP_SENT_BYTES}, disabled: true}]}]", "istio_tcp_sent_bytes_total=True")]
    [InlineData("metrics: [{overrides: [{match: {customMetric: requests_total}, tagOverrides: {response_code: {operation: REMOVE}}}]}]", "istio_requests_total=False-response_code")]
    [InlineData("metrics: [{providers: [{name: sky}]}]", "=True")]
    [InlineData("metrics: [{providers: [{name: prometheus}], overrides: [{match: {metric: GRPC_REQUEST_MESSAGES}, disabled: true}]}]", "istio_request_messages_total=True")]
    [Trait("behaviour", "WP-230")]
    public void Metrics_AreOverridden(string spec, string expected)
    {
        TelemetryProfile profile = Compiling.Of(Mesh, $"Telemetry apps/t: {{{spec}}}").Result.Telemetry!.Profiles[0];
        Assert.Equal(expected, string.Join(',', profile.Metrics.Select(change => $"{change.Metric}={change.Disabled}{string.Concat(change.Tags.Select(tag => (tag.Remove ? "-" : "+") + tag.Name))}")));
    }

    [Theory]
    [InlineData("randomSamplingPercentage: 200", 1)]
    [InlineData("randomSamplingPercentage: 12.5", 12.5)]
    [InlineData("disableSpanReporting: false", 1)]
    [Trait("behaviour", "WP-231")]
    public void Sampling_AboveHundred_IsOne(string spec, double expected) =>
        Assert.Equal(expected, Compiling.Of(Mesh, $"Telemetry apps/t: {{tracing: [{{providers: [{{name: otel}}], {spec}}}]}}").Result.Telemetry!.Profiles[0].Tracing.RandomPercent);

    [Fact]
    [Trait("behaviour", "WP-228")]
    public void CustomTags_OfEveryKind()
    {
        TracingRule rule = Compiling.Of(Mesh, """
            Telemetry t:
              tracing:
              - providers: [{name: zip}]
                disableSpanReporting: true
                useRequestIdForTraceSampling: false
                enableIstioTags: false
                disableContextPropagation: true
                customTags: {l: {literal: {value: v}}, e: {environment: {name: E, defaultValue: d}}, h: {header: {name: X-H, defaultValue: d}}, f: {formatter: {value: "%PROTOCOL%"}}, bad: {formatter: {value: "%NO%"}}}
            """).Result.Telemetry!.Profiles[0].Tracing;
        Assert.False(rule.HasProvider);
        Assert.True(rule.IgnoreRequestId && rule.NoIstioTags && rule.NoPropagation);
        Assert.Equal(["e", "f", "h", "l"], rule.Tags.Select(tag => tag.Name).Order());
    }

    [Theory]
    [InlineData("accessLogging: [{filter: {expression: response.nonsense == 1}}]", "is no attribute that is supported")]
    [InlineData("metrics: [{overrides: [{tagOverrides: {a: {value: nonsense}}}]}]", "the tag stays as it is")]
    [InlineData("accessLogging: [{providers: [{name: sky}]}]", "the provider sky is no provider of access logs")]
    [InlineData("tracing: [{providers: [{name: json}]}]", "the provider json is no provider of traces")]
    [InlineData("metrics: [{overrides: [{match: {metric: NONE_SUCH}}]}]", "'NONE_SUCH' is no metric")]
    [InlineData("metrics: [{reportingInterval: 10s}]", "reportingInterval is not supported")]
    [InlineData("nonsense: 1", "spec.nonsense is not known")]
    [InlineData("tracing: [{providers: [{name: zip}], foo: 1}]", "tracing[0].foo is not known")]
    public void WhatIsNotSupported_IsSaid(string spec, string expected) =>
        Assert.Contains(Compiling.Of(Mesh, $"Telemetry apps/t: {{{spec}}}").Messages, message => message.StartsWith("Telemetry t ", StringComparison.Ordinal) && message.Contains(expected, StringComparison.Ordinal));

    [Theory]
    [InlineData("metrics: [{overrides: [{match: {mode: CLIENT}, disabled: true}]}]", "NoEffect: spec.metrics[0].overrides[0].match.mode: CLIENT has no effect")]
    [InlineData("accessLogging: [{match: {mode: CLIENT}, disabled: true}]", "NoEffect: spec.accessLogging[0].match.mode: CLIENT has no effect")]
    [InlineData("tracing: [{match: {mode: CLIENT}, disableSpanReporting: true}]", "NoEffect: spec.tracing[0].match.mode: CLIENT has no effect")]
    [InlineData("accessLogging: [{match: {mode: SERVER, metric: x}}]", "UnsupportedValue: spec.accessLogging[0].match.metric is not known")]
    [InlineData("tracing: [{match: {mode: SERVER, metric: x}}]", "UnsupportedValue: spec.tracing[0].match.metric is not known")]
    public void WhatIsForClients_IsSaidToHaveNoEffect(string spec, string expected) =>
        Assert.StartsWith("Telemetry t " + expected, Assert.Single(Compiling.Of("MeshConfig mesh: {accessLogFile: /dev/stdout}", $"Telemetry apps/t: {{{spec}}}").Messages), StringComparison.Ordinal);

    [Theory]
    [InlineData("opentelemetry: {service: c.x, port: 1, maxTagLength: 99}", 99)]
    [InlineData("zipkin: {service: c.x, port: 1, maxTagLength: 99}", 99)]
    [InlineData("zipkin: {service: c.x, port: 1}", 7)]
    public void LengthOfTags_IsTheProvidersBeforeTheMeshs(string provider, int expected)
    {
        Compiling mesh = Compiling.Of($"MeshConfig mesh: {{defaultProviders: {{tracing: [p]}}, defaultConfig: {{tracing: {{maxPathTagLength: 7}}}}, extensionProviders: [{{name: p, {provider}}}]}}");
        Assert.Equal((uint)expected, mesh.Result.Telemetry!.Profiles[0].Tracing.MaxPathLength);
        Assert.Empty(mesh.Messages);
        Assert.Contains("zipkin.timeout is not supported", Assert.Single(Compiling.Of("MeshConfig mesh: {extensionProviders: [{name: p, zipkin: {service: c.x, port: 1, timeout: 3s}}]}").Messages), StringComparison.Ordinal);
    }

    [Fact]
    public void ALogWithAFilterThatCannotBeEvaluated_IsAsBefore()
    {
        TelemetryProfile profile = Compiling.Of(Mesh, "Telemetry apps/t: {accessLogging: [{filter: {expression: nonsense}}]}").Result.Telemetry!.Profiles[0];
        Assert.Equal("", profile.Logs.Single().Filter);
    }
}
