namespace Ambient.Mesh.Headers;

/// <summary>What may stand in a header's value.</summary>
internal static class HeaderText
{
    /// <summary>Whether all characters are visible ASCII, spaces or tabs.</summary>
    internal static bool IsVisible(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (c is not ((>= ' ' and <= '~') or '\t'))
            {
                return false;
            }
        }

        return true;
    }
}
