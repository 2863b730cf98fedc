using System.Globalization;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Services;

/// <summary>Retries as VirtualServices and MeshConfig write them (waypoint reference 2.1.3). Pure.</summary>
internal static class RetryPolicies
{
    public static RetryPolicy Read(SpecReader retries)
    {
        RetryPolicy policy = new()
        {
            Attempts = retries.Number("attempts") ?? 0,
            PerTryTimeoutMs = retries.Milliseconds("perTryTimeout") ?? 0,
            BackoffMs = retries.Milliseconds("backoff") ?? 0,
            SameHosts = retries.Has("retryIgnorePreviousHosts") && !retries.Flag("retryIgnorePreviousHosts"),
        };
        foreach (string condition in retries.Text("retryOn").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (uint.TryParse(condition, NumberStyles.None, CultureInfo.InvariantCulture, out uint code))
            {
                policy.Codes.Add(code);
            }
            else if (Ambient.Routing.Actions.RetryRule.Parse(condition) != Ambient.Routing.Actions.RetryConditions.None)
            {
                policy.Conditions.Add(condition);
            }
            else if (condition != "retriable-status-codes")
            {
                retries.Problems.Add(retries.Source, RoutingProblem.UnsupportedValue, $"{retries.Path}.retryOn: {condition} is not supported and retries nothing");
            }
        }

        if (!retries.Has("retryOn"))
        {
            policy.Conditions.AddRange(RetryDefaults.Make().Conditions);
        }

        retries.Unsupported("retryRemoteLocalities", "retries choose among all endpoints");
        retries.End();
        return policy;
    }
}
