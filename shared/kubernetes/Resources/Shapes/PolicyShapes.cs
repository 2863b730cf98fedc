using System.Globalization;

namespace Ambient.Kubernetes.Resources.Shapes;

/// <summary>The shapes of the kinds that say who may do what. A field that is not known could be a restriction, so it is never overlooked. Immutable.</summary>
internal static class PolicyShapes
{
    /// <summary>The fields of <c>spec</c> of an AuthorizationPolicy.</summary>
    public static IReadOnlyCollection<string> AuthorizationFields => Authorization.Keys.ToArray();

    /// <summary><c>targetRef</c>, and each of <c>targetRefs</c>.</summary>
    public static Shape Target { get; } = Shape.Object(new Dictionary<string, Shape>
    {
        ["group"] = Shape.Text,
        ["kind"] = Shape.Word,
        ["name"] = Shape.Word,
        ["namespace"] = Shape.Text,
        ["sectionName"] = Shape.Text,
    });

    private static Shape Words { get; } = Shape.List(Shape.Word);

    private static Shape Selector { get; } = Shape.Object(new Dictionary<string, Shape> { ["matchLabels"] = Shape.Map(static _ => null, Shape.Text) });

    private static Shape Source { get; } = Lists(
        "principals", "notPrincipals", "requestPrincipals", "notRequestPrincipals", "namespaces", "notNamespaces", "serviceAccounts", "notServiceAccounts",
        "trustDomains", "notTrustDomains", "ipBlocks", "notIpBlocks", "remoteIpBlocks", "notRemoteIpBlocks");

    private static Shape Operation { get; } = Lists("hosts", "notHosts", "ports", "notPorts", "methods", "notMethods", "paths", "notPaths");

    private static Shape When { get; } = Shape.Object(
        new Dictionary<string, Shape> { ["key"] = Shape.Word, ["values"] = Shape.List(Shape.Text), ["notValues"] = Shape.List(Shape.Text) },
        "values",
        "notValues");

    private static Shape Rule { get; } = Shape.Object(new Dictionary<string, Shape>
    {
        ["from"] = Shape.List(Shape.Object(new Dictionary<string, Shape> { ["source"] = Source }, "source"), mayBeEmpty: false),
        ["to"] = Shape.List(Shape.Object(new Dictionary<string, Shape> { ["operation"] = Operation }, "operation"), mayBeEmpty: false),
        ["when"] = Shape.List(When),
    });

    private static Dictionary<string, Shape> Authorization { get; } = new()
    {
        ["selector"] = Selector,
        ["targetRef"] = Target,
        ["targetRefs"] = Shape.List(Target),
        ["rules"] = Shape.List(Rule),
        ["action"] = Shape.OneOf("ALLOW", "DENY", "AUDIT", "CUSTOM"),
        ["provider"] = Shape.Object(new Dictionary<string, Shape> { ["name"] = Shape.Text }),
    };

    /// <summary>An AuthorizationPolicy.</summary>
    public static Shape AuthorizationPolicy { get; } = Whole(Shape.Object(Authorization));

    private static Shape Mode { get; } = Shape.Object(new Dictionary<string, Shape> { ["mode"] = Shape.OneOf("UNSET", "DISABLE", "PERMISSIVE", "STRICT") });

    /// <summary>A PeerAuthentication.</summary>
    public static Shape PeerAuthentication { get; } = Whole(Shape.Object(new Dictionary<string, Shape>
    {
        ["selector"] = Selector,
        ["mtls"] = Mode,
        ["portLevelMtls"] = Shape.Map(static key => IsPort(key) ? null : "is no port", Mode),
    }));

    private static Shape Whole(Shape spec) => Shape.Object(new Dictionary<string, Shape>
    {
        ["apiVersion"] = Shape.Text,
        ["kind"] = Shape.Text,
        ["metadata"] = Shape.Anything,
        ["spec"] = spec,
        ["status"] = Shape.Anything,
    });

    private static Shape Lists(params string[] names) => Shape.Object(names.ToDictionary(static name => name, static _ => Words), names);

    private static bool IsPort(string text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port > 0;
}
