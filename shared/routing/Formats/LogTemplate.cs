using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Ambient.Routing.Expressions;

namespace Ambient.Routing.Formats;

/// <summary>A format with <c>%COMMANDS%</c> as Envoy's access logs have them: <c>%NAME%</c>, <c>%NAME(argument?alternative):length%</c>, <c>%%</c>. Immutable.</summary>
public sealed class LogTemplate
{
    /// <summary>The longest format that is read.</summary>
    public const int MaxLength = 16 * 1024;

    /// <summary>Istio's line (waypoint reference 4.6).</summary>
    public const string UsualText =
        "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "
        + "\"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" "
        + "\"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% "
        + "%REQUESTED_SERVER_NAME% %ROUTE_NAME%\n";

    /// <summary>The same values as JSON.</summary>
    public static readonly IReadOnlyList<(string Name, string Value)> UsualFields =
    [
        ("start_time", "%START_TIME%"),
        ("method", "%REQ(:METHOD)%"),
        ("path", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"),
        ("protocol", "%PROTOCOL%"),
        ("response_code", "%RESPONSE_CODE%"),
        ("response_flags", "%RESPONSE_FLAGS%"),
        ("response_code_details", "%RESPONSE_CODE_DETAILS%"),
        ("connection_termination_details", "%CONNECTION_TERMINATION_DETAILS%"),
        ("upstream_transport_failure_reason", "%UPSTREAM_TRANSPORT_FAILURE_REASON%"),
        ("bytes_received", "%BYTES_RECEIVED%"),
        ("bytes_sent", "%BYTES_SENT%"),
        ("duration", "%DURATION%"),
        ("upstream_service_time", "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%"),
        ("x_forwarded_for", "%REQ(X-FORWARDED-FOR)%"),
        ("user_agent", "%REQ(USER-AGENT)%"),
        ("request_id", "%REQ(X-REQUEST-ID)%"),
        ("authority", "%REQ(:AUTHORITY)%"),
        ("upstream_host", "%UPSTREAM_HOST%"),
        ("upstream_cluster", "%UPSTREAM_CLUSTER_RAW%"),
        ("upstream_local_address", "%UPSTREAM_LOCAL_ADDRESS%"),
        ("downstream_local_address", "%DOWNSTREAM_LOCAL_ADDRESS%"),
        ("downstream_remote_address", "%DOWNSTREAM_REMOTE_ADDRESS%"),
        ("requested_server_name", "%REQUESTED_SERVER_NAME%"),
        ("route_name", "%ROUTE_NAME%"),
    ];

    private LogTemplate(IReadOnlyList<LogPart> parts) => Parts = parts;

    /// <summary>Its parts, in order.</summary>
    public IReadOnlyList<LogPart> Parts { get; }

    /// <summary>Reads a format; false with the command that is not supported.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out LogTemplate? template, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        template = null;
        if (text.Length > MaxLength)
        {
            error = $"the format is longer than {MaxLength} characters";
            return false;
        }

        List<LogPart> parts = [];
        StringBuilder literal = new();
        int at = 0;
        while (at < text.Length)
        {
            if (text[at] != '%')
            {
                literal.Append(text[at++]);
            }
            else if (at + 1 < text.Length && text[at + 1] == '%')
            {
                literal.Append('%');
                at += 2;
            }
            else if (TryCommand(text, ref at, literal.ToString(), out LogPart? part, out error))
            {
                parts.Add(part);
                literal.Clear();
            }
            else
            {
                return false;
            }
        }

        if (literal.Length > 0)
        {
            parts.Add(LogPart.Of(literal.ToString()));
        }

        template = new LogTemplate(parts);
        error = null;
        return true;
    }

    private static bool TryCommand(string text, ref int at, string literal, [NotNullWhen(true)] out LogPart? part, [NotNullWhen(false)] out string? error)
    {
        part = null;
        int name = at + 1;
        int end = name;
        while (end < text.Length && (char.IsAsciiLetterUpper(text[end]) || char.IsAsciiDigit(text[end]) || text[end] == '_'))
        {
            end++;
        }

        string command = text[name..end];
        string? argument = null;
        if (end < text.Length && text[end] == '(')
        {
            int close = Close(text, end + 1);
            if (close < 0)
            {
                error = $"'%{command}(' has no end";
                return false;
            }

            argument = text[(end + 1)..close];
            end = close + 1;
        }

        if (!TryLength(text, ref end, out int length) || end >= text.Length || text[end] != '%')
        {
            error = $"'{text[at..Math.Min(text.Length, at + 30)]}' is no command; a percent sign is written %%";
            return false;
        }

        at = end + 1;
        return TryPart(literal, command, argument, length, out part, out error);
    }

    private static bool TryPart(string literal, string name, string? argument, int length, [NotNullWhen(true)] out LogPart? part, [NotNullWhen(false)] out string? error)
    {
        part = null;
        error = null;
        if (!LogCommands.TryGet(name, out LogCommand command, out bool needsArgument))
        {
            error = $"%{name}% is not supported";
        }
        else if (needsArgument && string.IsNullOrEmpty(argument))
        {
            error = $"%{name}% needs an argument";
        }
        else if (!needsArgument && argument is not null && !LogCommands.MayHaveArgument(command))
        {
            error = $"%{name}% has no argument";
        }

        if (error is not null)
        {
            return false;
        }

        Expression? expression = null;
        if (command == LogCommand.Expression && !Expression.TryCompile(argument!, out expression, out error))
        {
            return false;
        }

        bool isField = command is LogCommand.RequestField or LogCommand.ResponseField or LogCommand.ResponseTrailer;
        int question = isField ? argument!.IndexOf('?', StringComparison.Ordinal) : -1;
        string first = question < 0 ? argument ?? "" : argument![..question];
        string second = question < 0 ? "" : argument![(question + 1)..];
        part = new LogPart(literal, command, isField ? first.ToLowerInvariant() : first, second.ToLowerInvariant(), length, expression);
        return true;
    }

    // An argument may hold brackets; its end is followed by the command's.
    private static int Close(string text, int from)
    {
        for (int i = text.IndexOf(')', from); i >= 0; i = text.IndexOf(')', i + 1))
        {
            int end = i + 1;
            if (TryLength(text, ref end, out _) && end < text.Length && text[end] == '%')
            {
                return i;
            }
        }

        return -1;
    }

    private static bool TryLength(string text, ref int at, out int length)
    {
        length = int.MaxValue;
        if (at >= text.Length || text[at] != ':')
        {
            return true;
        }

        int end = at + 1;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
        {
            end++;
        }

        bool isNumber = int.TryParse(text.AsSpan(at + 1, end - at - 1), NumberStyles.None, CultureInfo.InvariantCulture, out length);
        at = end;
        return isNumber;
    }
}
