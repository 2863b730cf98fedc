using Ambient.Routing.Authorizers;

namespace Ambient.Waypoint.Authorization;

/// <summary>Who waits for the word of an external authoriser. Loop-affine.</summary>
internal interface IAuthorizerCaller
{
    /// <summary>The word, exactly once, unless the call is cancelled.</summary>
    void OnVerdict(AuthorizerVerdict verdict);
}
