using System.Globalization;

namespace Ambient.Bookshop;

/// <summary>Who this process is. Immutable.</summary>
/// <param name="Role">One of <see cref="Roles"/>.</param>
/// <param name="Version">What it says of itself (<c>VERSION</c>).</param>
/// <param name="Port">Where it listens (<c>PORT</c>).</param>
/// <param name="Calls">Whom it asks before it answers (<c>CALLS</c>, addresses separated by commas).</param>
internal sealed record ShopSettings(string Role, string Version, int Port, IReadOnlyList<Uri> Calls)
{
    private const int UsualPort = 9080;

    /// <summary>The parts of the shop.</summary>
    public static readonly string[] Roles = ["productpage", "details", "reviews", "ratings"];

    /// <summary>Reads arguments and environment; null with a line that says what is wrong.</summary>
    public static ShopSettings? Read(string[] arguments, Func<string, string?> environment, out string error)
    {
        error = "";
        if (arguments is not [{ } role] || !Roles.Contains(role))
        {
            error = "usage: bookshop " + string.Join('|', Roles);
            return null;
        }

        string port = environment("PORT") is { Length: > 0 } given ? given : UsualPort.ToString(CultureInfo.InvariantCulture);
        if (!ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) || number == 0)
        {
            error = $"PORT: '{port}' is no port";
            return null;
        }

        var calls = new List<Uri>();
        foreach (string text in (environment("CALLS") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? address) || address.Scheme != Uri.UriSchemeHttp)
            {
                error = $"CALLS: '{text}' is no http address";
                return null;
            }

            calls.Add(address);
        }

        return new ShopSettings(role, environment("VERSION") is { Length: > 0 } version ? version : "v1", number, calls);
    }
}
