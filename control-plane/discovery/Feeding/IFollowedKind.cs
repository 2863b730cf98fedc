namespace Ambient.ControlPlane.Discovery.Feeding;

/// <summary>A kind that a feed follows, whichever it is.</summary>
internal interface IFollowedKind
{
    /// <summary>Namespaces became selected, or are not any more: their objects are told, or taken back. Called under the feed's lock.</summary>
    void Reselect(Func<string, bool> isOther);

    /// <summary>The same of one namespace.</summary>
    void Reselect(string name);
}
