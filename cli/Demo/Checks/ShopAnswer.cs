using System.Globalization;
using System.Text.Json;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Demo.Checks;

/// <summary>What a part of the bookshop answered to a pod's curl. Immutable.</summary>
/// <param name="Status">The status; 0 when there was no answer.</param>
/// <param name="Took">How long it took.</param>
/// <param name="Body">The answer as it came.</param>
internal sealed record ShopAnswer(int Status, TimeSpan Took, string Body)
{
    /// <summary>Who answered.</summary>
    public string Version => Text("version");

    /// <summary>The address that it was asked from.</summary>
    public string CallerAddress => Text("caller", "address");

    /// <summary>A text of the answer; a number in an array of objects is its place. Empty when there is none.</summary>
    public string Text(params ReadOnlySpan<string> path)
    {
        try
        {
            using JsonDocument answer = JsonDocument.Parse(Body);
            JsonElement at = answer.RootElement;
            foreach (string key in path)
            {
                if (at.ValueKind == JsonValueKind.Array && int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int place) && place < at.GetArrayLength())
                {
                    at = at[place];
                }
                else if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(key, out at))
                {
                    return "";
                }
            }

            return at.ToString();
        }
        catch (JsonException)
        {
            return "";
        }
    }

    /// <summary>Asks several times, each on a connection of its own.</summary>
    public static async Task<IReadOnlyList<ShopAnswer>> AskAsync(ITourPod from, string url, int count, params string[] options)
    {
        CommandResult result = await from.RunAsync(
            "curl",
            ["-s", "--max-time", "10", "-H", "Connection: close", "-w", "\n%{http_code} %{time_total}\n", .. options, .. Enumerable.Repeat(url, count)],
            TimeSpan.FromSeconds(40));
        string[] lines = result.Output.Split('\n');
        var answers = new List<ShopAnswer>();
        for (int i = 0, start = 0; i < lines.Length; i++)
        {
            if (lines[i].Split(' ') is [{ Length: 3 } code, { } seconds] && int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out int status)
                && double.TryParse(seconds, NumberStyles.Float, CultureInfo.InvariantCulture, out double time))
            {
                answers.Add(new ShopAnswer(status, TimeSpan.FromSeconds(time), string.Join('\n', lines[start..i]).Trim()));
                start = i + 1;
            }
        }

        return answers;
    }

    /// <summary>Asks once.</summary>
    public static async Task<ShopAnswer> AskAsync(ITourPod from, string url, params string[] options) => await AskAsync(from, url, 1, options) is [{ } answer, ..] ? answer : new ShopAnswer(0, default, "");

    /// <summary>How often each version answered; other answers by their status.</summary>
    public static string Tally(IEnumerable<ShopAnswer> answers) => string.Join(", ", answers
        .GroupBy(a => a.Status == 200 ? a.Version : a.Status.ToString(CultureInfo.InvariantCulture), StringComparer.Ordinal)
        .OrderBy(g => g.Key, StringComparer.Ordinal)
        .Select(g => $"{g.Key} ×{g.Count()}"));
}
