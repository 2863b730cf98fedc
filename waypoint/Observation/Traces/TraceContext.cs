using System.Globalization;
using Ambient.Routing.Messages;

namespace Ambient.Waypoint.Observation.Traces;

/// <summary>Reads and writes the contexts of W3C and B3 (waypoint reference 4.7). What is not exactly of their form is as good as absent. Pure.</summary>
internal static class TraceContext
{
    private const NumberStyles Hex = NumberStyles.AllowHexSpecifier;

    /// <summary>The caller's context; the provider's own form is asked first, for it is the one that counts when several disagree.</summary>
    public static TraceState Read(FieldList fields, TraceForms own)
    {
        TraceState b3 = ReadB3(fields);
        TraceState w3c = ReadParent(fields);
        TraceForms forms = b3.Forms | w3c.Forms;
        TraceState state = (own & TraceForms.W3C) != TraceForms.None ? Prefer(w3c, b3) : Prefer(b3, w3c);
        state.Forms = forms;
        return state;
    }

    /// <summary>Writes the context for whoever comes next.</summary>
    public static void Write(FieldList fields, in TraceState state, TraceForms forms)
    {
        bool isSampled = state.IsSampled == true;
        Span<char> buffer = stackalloc char[72];
        if ((forms & TraceForms.W3C) != TraceForms.None)
        {
            _ = buffer.TryWrite(CultureInfo.InvariantCulture, $"00-{state.TraceHigh:x16}{state.TraceLow:x16}-{state.SpanId:x16}-{(isSampled ? "01" : "00")}", out int length);
            fields.Set("traceparent", buffer[..length]);
        }

        if ((forms & TraceForms.B3) != TraceForms.None)
        {
            WriteB3(fields, state, isSampled, buffer);
        }

        if ((forms & TraceForms.B3Single) != TraceForms.None)
        {
            int length = TraceId(state, buffer);
            _ = buffer[length..].TryWrite(CultureInfo.InvariantCulture, $"-{state.SpanId:x16}-{(state.IsDebug ? "d" : isSampled ? "1" : "0")}", out int rest);
            length += rest;
            if (state.ParentId != 0)
            {
                _ = buffer[length..].TryWrite(CultureInfo.InvariantCulture, $"-{state.ParentId:x16}", out rest);
                length += rest;
            }

            fields.Set("b3", buffer[..length]);
        }
    }

    /// <summary>Takes the decision to trace out of a copy of a request (waypoint reference 4.7: mirrored requests are not sampled).</summary>
    public static void Unsample(FieldList fields)
    {
        if (fields.TryGet("traceparent", out ReadOnlySpan<char> parent) && parent.Length == 55)
        {
            fields.Set("traceparent", string.Concat(parent[..53], "00"));
        }

        if (fields.Contains("x-b3-sampled"))
        {
            fields.Set("x-b3-sampled", "0");
        }

        TraceState state = ReadB3(fields);
        if (state is { Forms: TraceForms.B3Single, ParentId: not 0 })
        {
            (state.SpanId, state.ParentId, state.IsSampled, state.IsDebug) = (state.ParentId, 0, false, false);
            Write(fields, state, TraceForms.B3Single);
        }
    }

    private static TraceState Prefer(in TraceState first, in TraceState second) => first.ParentId != 0 || first.IsSampled is not null ? first : second;

    private static void WriteB3(FieldList fields, in TraceState state, bool isSampled, Span<char> buffer)
    {
        fields.Set("x-b3-traceid", buffer[..TraceId(state, buffer)]);
        _ = state.SpanId.TryFormat(buffer, out int length, "x16", CultureInfo.InvariantCulture);
        fields.Set("x-b3-spanid", buffer[..length]);
        if (state.ParentId != 0)
        {
            _ = state.ParentId.TryFormat(buffer, out length, "x16", CultureInfo.InvariantCulture);
            fields.Set("x-b3-parentspanid", buffer[..length]);
        }
        else
        {
            fields.Remove("x-b3-parentspanid");
        }

        fields.Set("x-b3-sampled", isSampled ? "1" : "0");
    }

    private static int TraceId(in TraceState state, Span<char> to)
    {
        int length = 0;
        if (state.TraceHigh != 0)
        {
            _ = state.TraceHigh.TryFormat(to, out length, "x16", CultureInfo.InvariantCulture);
        }

        _ = state.TraceLow.TryFormat(to[length..], out int low, "x16", CultureInfo.InvariantCulture);
        return length + low;
    }

    private static TraceState ReadParent(FieldList fields)
    {
        // 00-<32>-<16>-<2>; later versions may go on behind the flags, version ff is none (W3C Trace Context 3.2).
        if (!fields.TryGet("traceparent", out ReadOnlySpan<char> text) || text.Length < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-'
            || !IsHex(text[..2]) || text.StartsWith("ff", StringComparison.Ordinal) || (text.Length > 55 && (text.StartsWith("00", StringComparison.Ordinal) || text[55] != '-'))
            || !TryId(text[3..19], out ulong high) || !TryId(text[19..35], out ulong low) || !TryId(text[36..52], out ulong parent) || !IsHex(text[53..55])
            || (high | low) == 0 || parent == 0)
        {
            return default;
        }

        _ = byte.TryParse(text[53..55], Hex, CultureInfo.InvariantCulture, out byte flags);
        return new TraceState { TraceHigh = high, TraceLow = low, ParentId = parent, IsSampled = (flags & 1) != 0, Forms = TraceForms.W3C };
    }

    private static TraceState ReadB3(FieldList fields)
    {
        TraceState state = default;
        if (fields.TryGet("b3", out ReadOnlySpan<char> single))
        {
            return ReadSingle(single);
        }

        bool isDebug = fields.TryGet("x-b3-flags", out ReadOnlySpan<char> flags) && flags.SequenceEqual("1");
        if (fields.TryGet("x-b3-sampled", out ReadOnlySpan<char> sampled))
        {
            state.IsSampled = Decision(sampled);
        }

        state.IsDebug = isDebug;
        state.IsSampled = isDebug ? true : state.IsSampled;
        if (fields.TryGet("x-b3-traceid", out ReadOnlySpan<char> trace) && fields.TryGet("x-b3-spanid", out ReadOnlySpan<char> span)
            && TryTraceId(trace, out ulong high, out ulong low) && TryId(span, out ulong parent) && parent != 0)
        {
            (state.TraceHigh, state.TraceLow, state.ParentId) = (high, low, parent);
        }

        if (state.ParentId != 0 || state.IsSampled is not null)
        {
            state.Forms = TraceForms.B3;
        }

        return state;
    }

    private static TraceState ReadSingle(ReadOnlySpan<char> text)
    {
        TraceState state = default;
        Span<Range> parts = stackalloc Range[5];
        int count = text.Split(parts, '-');
        if (count == 1)
        {
            // Only a decision.
            state.IsSampled = Decision(text);
            state.Forms = state.IsSampled is null ? TraceForms.None : TraceForms.B3Single;
            return state;
        }

        if (count > 4 || !TryTraceId(text[parts[0]], out ulong high, out ulong low) || !TryId(text[parts[1]], out ulong parent) || parent == 0)
        {
            return default;
        }

        bool isDebug = count > 2 && text[parts[2]].SequenceEqual("d");
        return new TraceState { TraceHigh = high, TraceLow = low, ParentId = parent, IsDebug = isDebug, IsSampled = count > 2 ? Decision(text[parts[2]]) : null, Forms = TraceForms.B3Single };
    }

    private static bool? Decision(ReadOnlySpan<char> text) => text switch { "1" or "d" or "true" => true, "0" or "false" => false, _ => null };

    private static bool TryTraceId(ReadOnlySpan<char> text, out ulong high, out ulong low)
    {
        (high, low) = (0, 0);
        return text.Length switch
        {
            16 => TryId(text, out low) && low != 0,
            32 => TryId(text[..16], out high) && TryId(text[16..], out low) && (high | low) != 0,
            _ => false,
        };
    }

    private static bool TryId(ReadOnlySpan<char> text, out ulong id)
    {
        id = 0;
        return text.Length == 16 && IsHex(text) && ulong.TryParse(text, Hex, CultureInfo.InvariantCulture, out id);
    }

    private static bool IsHex(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiHexDigitLower(c) && !char.IsAsciiHexDigitUpper(c))
            {
                return false;
            }
        }

        return true;
    }
}
