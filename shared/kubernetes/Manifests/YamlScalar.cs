using System.Buffers;
using System.Globalization;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Ambient.Kubernetes.Manifests;

/// <summary>
/// What a plain scalar means, as kubectl reads it: <c>true</c>, <c>yes</c> and <c>on</c> are truths, <c>010</c> is eight, <c>1_000</c> a thousand; quoted
/// ones are texts. Pure.
/// </summary>
internal static class YamlScalar
{
    private static readonly SearchValues<char> NumberText = SearchValues.Create("0123456789.eE+-");

    public static void Write(Utf8JsonWriter writer, YamlScalarNode node)
    {
        string text = node.Value ?? "";
        string tag = node.Tag.IsEmpty ? "" : node.Tag.Value;
        if (node.Style is not (ScalarStyle.Plain or ScalarStyle.Any) || tag == "tag:yaml.org,2002:str")
        {
            writer.WriteStringValue(text);
            return;
        }

        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                writer.WriteNullValue();
                break;
            case "true" or "True" or "TRUE" or "yes" or "Yes" or "YES" or "on" or "On" or "ON":
                writer.WriteBooleanValue(true);
                break;
            case "false" or "False" or "FALSE" or "no" or "No" or "NO" or "off" or "Off" or "OFF":
                writer.WriteBooleanValue(false);
                break;
            default:
                WriteNumberOrText(writer, text);
                break;
        }
    }

    private static void WriteNumberOrText(Utf8JsonWriter writer, string text)
    {
        if (!char.IsAsciiDigit(text[0]) && text[0] is not ('-' or '+' or '.'))
        {
            writer.WriteStringValue(text);
        }
        else if (TryWhole(text.Replace("_", "", StringComparison.Ordinal), out long whole))
        {
            writer.WriteNumberValue(whole);
        }
        else if (IsDecimal(text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double real) && double.IsFinite(real))
        {
            writer.WriteNumberValue(real);
        }
        else
        {
            writer.WriteStringValue(text);
        }
    }

    private static bool TryWhole(string text, out long value)
    {
        value = 0;
        bool isNegative = text.StartsWith('-');
        ReadOnlySpan<char> digits = text.AsSpan(text.Length > 0 && text[0] is '-' or '+' ? 1 : 0);
        if (digits.IsEmpty || !char.IsAsciiDigit(digits[0]))
        {
            return false;
        }

        int radix = digits switch
        {
            ['0', 'x', ..] => 16,
            ['0', 'b', ..] => 2,
            ['0', 'o', ..] => 8,
            ['0', _, ..] => -8,
            _ => 10,
        };
        digits = radix is 16 or 2 or 8 ? digits[2..] : radix == -8 ? digits[1..] : digits;
        if (digits.IsEmpty)
        {
            return false;
        }

        foreach (char digit in digits)
        {
            int worth = char.IsAsciiHexDigit(digit) ? Convert.ToInt32(digit.ToString(), 16) : int.MaxValue;
            if (worth >= Math.Abs(radix) || value > (long.MaxValue - worth) / Math.Abs(radix))
            {
                return false;
            }

            value = (value * Math.Abs(radix)) + worth;
        }

        value = isNegative ? -value : value;
        return true;
    }

    // 1.5, -2e3, .5; not 1.2.3.4, 12:30 or 2030-01-01, which are texts.
    private static bool IsDecimal(string text) => !text.AsSpan().ContainsAnyExcept(NumberText) && text.AsSpan().Count('.') <= 1 && text.AsSpan().IndexOfAnyInRange('0', '9') >= 0;
}
