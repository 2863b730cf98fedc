using Ambient.ControlPlane.Discovery.Selection;
using Ambient.ControlPlane.Discovery.Settings;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Tests.Selection;

/// <summary>Which namespaces <c>discoverySelectors</c> select.</summary>
public sealed class DiscoverySelectorsTests
{
    private const string Either = "discoverySelectors: [{matchLabels: {discovery: enabled}}, {matchExpressions: [{key: tag, operator: NotIn, values: [old, older]}]}]";

    [Theory]
    [Trait("behaviour", "CP-200")]
    [InlineData("discovery=enabled,tag=old", true)]
    [InlineData("tag=new", true)]
    [InlineData("tag=older", false)]
    [InlineData("", true)]
    public void ANamespace_IsSelectedByAnyOfThem(string labels, bool isSelected)
    {
        Assert.True(DiscoverySelectors.TryRead(Either, out DiscoverySelectors? selectors, out string? error), error);
        Assert.Equal(isSelected, selectors.Selects(Map(labels)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("accessLogFile: /dev/stdout")]
    [InlineData("discoverySelectors:")]
    [InlineData("discoverySelectors: []")]
    [InlineData("discoverySelectors: [{}]")]
    public void WithoutSelectors_EveryNamespaceIs(string? config)
    {
        Assert.True(DiscoverySelectors.TryRead(config, out DiscoverySelectors? selectors, out string? error), error);
        Assert.True(selectors.Selects(StringMap.Empty));
    }

    [Theory]
    [InlineData("discoverySelectors: 1", "discoverySelectors: must be a list")]
    [InlineData("discoverySelectors: [1]", "discoverySelectors[0]: must be an object")]
    [InlineData("discoverySelectors: [{}, {matchLabel: {a: b}}]", "discoverySelectors[1].matchLabel: is not known; allowed: matchLabels, matchExpressions")]
    [InlineData("discoverySelectors: [{matchLabels: {a: 1}}]", "discoverySelectors[0].matchLabels.a: must be a text")]
    [InlineData("discoverySelectors: [{matchExpressions: [{key: a, operator: Near}]}]", "discoverySelectors[0].matchExpressions[0].operator: 'Near' is not known; allowed: In, NotIn, Exists, DoesNotExist")]
    public void BadSelectors_AreNamed_AndChangeNothing(string config, string expected)
    {
        var selection = new NamespaceSelection(new MeshSettings());
        Assert.Null(selection.Obey("discoverySelectors: [{matchLabels: {a: b}}]", out Func<string, bool>? isOther));
        Assert.True(isOther!("shop"));
        Assert.Equal(expected, selection.Obey(config, out isOther));
        Assert.Null(isOther);
        Assert.False(selection.Contains("shop"));
    }

    /// <summary>Policies of the whole mesh hold whatever the selectors say.</summary>
    [Fact]
    public void SystemAndRootNamespace_AlwaysAre()
    {
        var selection = new NamespaceSelection(new MeshSettings { SystemNamespace = "sys", RootNamespace = "root" });
        Assert.Null(selection.Obey("discoverySelectors: [{matchLabels: {a: b}}]", out _));
        Assert.True(selection.Contains("sys") && selection.Contains("root") && selection.Contains(""));
        Assert.False(selection.Contains("shop"));
        Assert.True(selection.Set("shop", Map("a=b")));
        Assert.False(selection.Set("shop", Map("a=b,c=d")));
        Assert.True(selection.Contains("shop"));
        Assert.True(selection.Set("shop", null));
        Assert.False(selection.Set("sys", Map("a=b")));
    }

    [Fact]
    public void DamagedText_NeverThrows()
    {
        const int Seed = 2011;
        var random = new Random(Seed);
        for (int round = 0; round < 1000; round++)
        {
            char[] text = Either.ToCharArray();
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                text[random.Next(text.Length)] = (char)random.Next(32, 127);
            }

            bool isRead = DiscoverySelectors.TryRead(new string(text), out DiscoverySelectors? selectors, out string? error);
            Assert.True(isRead ? selectors is not null && error is null : selectors is null && error is not null, $"seed {Seed}: {new string(text)}");
        }
    }

    private static StringMap Map(string text) => StringMap.Of(text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(static pair => KeyValuePair.Create(pair.Split('=')[0], pair.Split('=')[1])));
}
