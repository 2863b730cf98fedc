using System.Text;
using Ambient.Kubernetes.Manifests;

namespace Ambient.Kubernetes.Tests.Manifests;

public sealed class YamlDocumentTests
{
    [Theory]
    [InlineData("a: b", """{"a":"b"}""")]
    [InlineData("a: 1\nb: -2\nc: 0x1f\nd: 010\ne: 0o10\nf: 1_000\ng: 0b11", """{"a":1,"b":-2,"c":31,"d":8,"e":8,"f":1000,"g":3}""")]
    [InlineData("a: 1.5\nb: 1.2.3.4\nc: 12:30\nd: 2030-01-01\ne: 1e3\nf: .5\ng: -x", """{"a":1.5,"b":"1.2.3.4","c":"12:30","d":"2030-01-01","e":1000,"f":0.5,"g":"-x"}""")]
    [InlineData("a: yes\nb: 'yes'\nc: off\nd: True\ne: \"8\"\nf: !!str 8", """{"a":true,"b":"yes","c":false,"d":true,"e":"8","f":"8"}""")]
    [InlineData("a:\nb: ~\nc: null\nd: ''\ne: 'null'", """{"a":null,"b":null,"c":null,"d":"","e":"null"}""")]
    [InlineData("a: [1, {b: c}]\nd: |\n  x\n  y\n", """{"a":[1,{"b":"c"}],"d":"x\ny\n"}""")]
    [InlineData("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\nz: *x", """{"x":{"a":1,"b":2},"y":{"b":3,"a":1},"z":{"a":1,"b":2}}""")]
    [InlineData("x: &x {a: 1}\ny: &y {<<: *x, b: 2}\nz:\n  <<: [*x, *y]\n  c: [*x, {d: *y}]", """{"x":{"a":1},"y":{"b":2,"a":1},"z":{"c":[{"a":1},{"d":{"b":2,"a":1}}],"a":1,"b":2}}""")]
    [InlineData("? &k a\n: &v 1\nb: *v\nc: *k\nd: [e: *v, f]\n", """{"a":1,"b":1,"c":"a","d":[{"e":1},"f"]}""")]
    [InlineData("a: &x k\n*x : 1", """{"a":"k","k":1}""")]
    [InlineData("a: &x [1]\nb: &x [2]\nc: *x", """{"a":[1],"b":[2],"c":[2]}""")]
    [InlineData("80: x\ntrue: y", """{"80":"x","true":"y"}""")]
    [InlineData("99999999999999999999: x\na: 99999999999999999999", """{"99999999999999999999":"x","a":1E\u002B20}""")]
    [InlineData("{\"a\": [true, null, 1.0]}", """{"a":[true,null,1]}""")]
    public void Scalars_MeanWhatKubectlTakesThemFor(string yaml, string json)
    {
        Assert.True(YamlDocument.TryRead(yaml, out IReadOnlyList<YamlDocument> documents, out YamlProblem? problem), problem?.ToString());
        Assert.Equal(json.Replace("\\u002B", "+", StringComparison.Ordinal), Encoding.UTF8.GetString(Assert.Single(documents).Json));
    }

    [Fact]
    public void Documents_AreSeveral_AndEmptyOnesNone()
    {
        Assert.True(YamlDocument.TryRead("---\n# nothing\n---\na: 1\n---\n\n---\nb: 2\n...\n", out IReadOnlyList<YamlDocument> documents, out _));
        Assert.Equal([4, 8], documents.Select(d => d.Line));
        Assert.True(YamlDocument.TryRead("", out documents, out _));
        Assert.Empty(documents);
    }

    [Fact]
    public void Fields_HaveLines()
    {
        Assert.True(YamlDocument.TryRead("metadata:\n  labels:\n    a.b/c: x\nspec:\n  rules:\n  - a: 1\n  - b: 2\n", out IReadOnlyList<YamlDocument> documents, out _));
        Assert.Equal([1, 3, 6, 7, 7, 6], ((string[])["$", "$.metadata.labels['a.b/c']", "spec.rules[0].a", "spec.rules[1].b", "spec.rules[1].gone.far", "spec.rules"]).Select(documents[0].LineOf));
    }

    [Theory]
    [InlineData("a: b\nc: [", 3)]
    [InlineData("a: b\na: c", 2)]
    [InlineData("a: b\n? [x]\n: c", 2)]
    [InlineData("a: b\n<<: c", 2)]
    [InlineData("a: *gone", 1)]
    [InlineData("a: &x [1]\n*x : b", 2)]
    [InlineData("a:\n- {{b: c}: d}", 2)]
    [InlineData("a: [1,\n [b]: c]", 2)]
    [InlineData("a: &x [1]\nb: &x\n- *x", 3)]
    [InlineData("a: &x 1\n---\nb: *x", 3)]
    public void WhatIsNoYaml_IsNamedWithItsLine(string yaml, int line)
    {
        Assert.False(YamlDocument.TryRead(yaml, out _, out YamlProblem? problem));
        Assert.Equal(line, problem.Line);
    }

    [Fact]
    public void Bombs_DoNotGoOff()
    {
        var laughs = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (int level = 1; level < 12; level++)
        {
            laughs.Append($"a{level}: &a{level} [{string.Join(", ", Enumerable.Repeat($"*a{level - 1}", 10))}]\n");
        }

        var merges = new StringBuilder("a0: &a0 {}\n");
        for (int level = 1; level < 40; level++)
        {
            merges.Append($"a{level}: &a{level} {{<<: [{string.Join(", ", Enumerable.Repeat($"*a{level - 1}", 10))}]}}\n");
        }

        // Keys of one name are written once, however many they are.
        string sameNames = $"a: &a {{{string.Join(", ", Enumerable.Range(0, 2000).Select(static i => $"!t{i} k: v"))}}}\nb: [{string.Join(", ", Enumerable.Repeat("*a", 2000))}]";
        string[] keys = ["? &a [*a]\n: x", "? &a {b: *a}\n: x", "? *x\n: 1\n? *y\n: 2", "{*x : 1, *y : 2}", "a: &a\n  ? *a\n  : x", "a: &a\n  ? [*a]\n  : x"];

        // Each of them is short enough, all of them are not.
        string large = $"a: &a {new string('x', 1000)}\nb: &b [{string.Join(", ", Enumerable.Repeat("*a", 100))}]\nc: [{string.Join(", ", Enumerable.Repeat("*b", 100))}]\n";
        Assert.True(YamlDocument.TryRead(large, out _, out _));
        foreach (string bomb in (string[])[.. keys, string.Join("---\n", large, large), merges.ToString(), sameNames, laughs.ToString(), "a: &a [*a]", "a: &a\n  b: *a", new string('[', 100_000), new string('{', 100_000), string.Concat(Enumerable.Repeat("- ", 10_000)), "a: &a {<<: *a}"])
        {
            Assert.False(YamlDocument.TryRead(bomb, out _, out YamlProblem? problem));
            Assert.NotEmpty(problem.Reason);
        }
    }

    [Fact]
    public void ForeignTexts_NeverThrow()
    {
        int seed = Random.Shared.Next();
        var random = new Random(seed);
        const string Good = "apiVersion: v1\nkind: Pod\nmetadata: &m {name: a, labels: {x: 'y'}}\nspec:\n  <<: *m\n  list:\n  - a: |\n      text\n  - \"b\"\n---\na: !!int 5\n";
        const string Alphabet = "ab:-[]{}&*!|>'\"%@`#,?<~ \n\t0.\\\u0000\u00fc";
        for (int round = 0; round < 3000; round++)
        {
            var text = new StringBuilder(Good);
            for (int change = random.Next(1, 8); change > 0; change--)
            {
                text[random.Next(text.Length)] = Alphabet[random.Next(Alphabet.Length)];
            }

            try
            {
                YamlDocument.TryRead(text.ToString(), out _, out _);
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}, round {round}: {e}\n{text}");
            }
        }
    }
}
