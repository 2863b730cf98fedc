namespace Ambient.Ztunnel.Relaying;

/// <summary>Who is told that a wait took too long. Loop-affine.</summary>
internal interface IDeadlineOwner
{
    /// <summary>The time is over.</summary>
    void OnDeadline();
}
