namespace Ambient.ControlPlane.Routing.Inputs;

/// <summary>Something in an object that is not in force as written, for its status. Immutable.</summary>
/// <param name="Kind">The object's kind.</param>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Reason">A word for machines, such as <c>UnsupportedValue</c>.</param>
/// <param name="Message">Which field, what about it, and what happens instead.</param>
public sealed record RoutingProblem(string Kind, string Namespace, string Name, string Reason, string Message)
{
    /// <summary>The value or field is not supported.</summary>
    public const string UnsupportedValue = "UnsupportedValue";

    /// <summary>A value makes no sense.</summary>
    public const string Invalid = "Invalid";

    /// <summary>A backend does not exist.</summary>
    public const string BackendNotFound = "BackendNotFound";

    /// <summary>A backend is of a kind that cannot be one.</summary>
    public const string InvalidKind = "InvalidKind";

    /// <summary>A backend of another namespace that no ReferenceGrant allows.</summary>
    public const string RefNotPermitted = "RefNotPermitted";

    /// <summary>A filter is unknown.</summary>
    public const string InvalidFilter = "InvalidFilter";

    /// <summary>It is legal and has no effect.</summary>
    public const string NoEffect = "NoEffect";
}
