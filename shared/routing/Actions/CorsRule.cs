using System.Diagnostics.CodeAnalysis;
using Ambient.Protocol.L7;
using Ambient.Routing.Matching;
using Ambient.Routing.Messages;

namespace Ambient.Routing.Actions;

/// <summary>CORS (waypoint reference 2.1.5). Immutable.</summary>
public sealed class CorsRule
{
    private readonly Cors _source;
    private readonly TextMatcher[] _origins;

    private CorsRule(Cors source, TextMatcher[] origins)
    {
        _source = source;
        _origins = origins;
    }

    /// <summary>Whether a request is a preflight: it is answered without a token.</summary>
    public static bool IsPreflight(RequestHead head) =>
        head.Method == "OPTIONS" && head.Fields.Contains("origin") && head.Fields.Contains("access-control-request-method");

    /// <summary>Whether a preflight is answered here; otherwise it goes on to the backend.</summary>
    public bool AnswersPreflight(RequestHead head) => IsPreflight(head) && (!_source.ForwardUnmatched || Allows(head, out _));

    /// <summary>The fields of a preflight's answer.</summary>
    public void AddPreflightFields(RequestHead request, FieldList response)
    {
        if (Allows(request, out string? origin))
        {
            AddOrigin(response, origin);
        }

        Add(response, "access-control-allow-methods", _source.Methods == "*" ? request.Fields.Text("access-control-request-method") : _source.Methods);
        Add(response, "access-control-allow-headers", _source.Headers == "*" ? request.Fields.Text("access-control-request-headers") : _source.Headers);
        Add(response, "access-control-max-age", _source.MaxAge);
    }

    /// <summary>The fields of any other answer.</summary>
    public void AddFields(RequestHead request, FieldList response)
    {
        if (Allows(request, out string? origin))
        {
            response.Remove("access-control-allow-origin");
            AddOrigin(response, origin);
            Add(response, "access-control-expose-headers", _source.Expose);
        }
    }

    internal static bool TryCompile(Cors source, [NotNullWhen(true)] out CorsRule? rule, [NotNullWhen(false)] out string? error)
    {
        rule = null;
        TextMatcher[] origins = new TextMatcher[source.Origins.Count];
        for (int i = 0; i < origins.Length; i++)
        {
            TextMatch origin = source.Origins[i];
            if (origin.KindCase == TextMatch.KindOneofCase.Exact && origin.Exact == "*")
            {
                origin = new TextMatch { Present = true };
            }

            if (!TextMatcher.TryCompile(origin, out origins[i]!, out error))
            {
                error = "cors origin: " + error;
                return false;
            }
        }

        rule = new CorsRule(source, origins);
        error = null;
        return true;
    }

    private bool Allows(RequestHead request, [NotNullWhen(true)] out string? origin)
    {
        origin = request.Fields.Text("origin");
        if (origin is not null)
        {
            foreach (TextMatcher allowed in _origins)
            {
                if (allowed.IsMatch(origin))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private void AddOrigin(FieldList response, string origin)
    {
        response.Add("access-control-allow-origin", origin);
        if (_source.Credentials)
        {
            response.Set("access-control-allow-credentials", "true");
        }
    }

    private static void Add(FieldList response, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            response.Set(name, value);
        }
    }
}
