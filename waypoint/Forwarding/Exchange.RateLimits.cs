using System.Globalization;
using Ambient.Waypoint.Limits;

namespace Ambient.Waypoint.Forwarding;

/// <content>Local rate limits: after authorisation, so that who is denied takes no token, and before everything that may send the request more than once.</content>
internal sealed partial class Exchange
{
    private bool PassesLimits()
    {
        LimitProgram limits = _served.Limits;
        if (limits.IsEmpty)
        {
            return true;
        }

        LimitVerdict verdict = limits.Judge(Facts, tunnel.Loop.LimitTime, tunnel.Loop.Tokens);
        if (verdict.Refusing is not { } rule)
        {
            return true;
        }

        _answer.Add("retry-after", verdict.Seconds.ToString(CultureInfo.InvariantCulture));
        return Answer(rule.Answer, _record.IsGrpc ? rule.GrpcStatus : -1);
    }
}
