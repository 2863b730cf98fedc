namespace Ambient.Xds.Server.Resources;

/// <summary>
/// That a type is limited for owners who say that they take it so: by subscribing to the type of needs first. Such an owner is told what the one resource of that type says which is its own; without
/// one, nothing: nobody knows of it yet, or any more. Who is to have everything is named by a resource of its own, which nobody is told. Immutable.
/// </summary>
/// <param name="NeedsType">The type whose resources say what an owner needs; an owned type. Each owner has at most one, of the name <c>a/b/needs</c>.</param>
/// <param name="LimitedType">The type that is limited.</param>
public sealed record NeedsRule(string NeedsType, string LimitedType)
{
    /// <summary>The name of an owner's resource of <see cref="NeedsType"/>.</summary>
    public static string NameFor(string owner) => owner + "/needs";

    /// <summary>The name of the resource that says that an owner is to have everything. No owner has such a name, so no client hears of it.</summary>
    public static string EverythingFor(string owner) => "*/" + owner;
}
