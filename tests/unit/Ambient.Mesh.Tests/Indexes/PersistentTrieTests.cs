using Ambient.Mesh.Indexes;

namespace Ambient.Mesh.Tests.Indexes;

public class PersistentTrieTests
{
    /// <summary>Against Dictionary, with hashes that collide, and with old versions that must not change.</summary>
    [Theory]
    [InlineData(1, 40)]
    [InlineData(2, 400)]
    [InlineData(3, 5000)]
    [InlineData(4, 400)]
    public void RandomEdits_AgreeWithADictionary_AndOldVersionsStay(int seed, int keys)
    {
        Random random = new(seed);
        Dictionary<int, string> model = [];
        TrieEdit<int, (int Key, string Value), Colliding> edit = default(PersistentTrie<int, (int Key, string Value), Colliding>).Edit();
        List<(PersistentTrie<int, (int Key, string Value), Colliding> Trie, Dictionary<int, string> Model)> versions = [];
        for (int batch = 0; batch < 60; batch++)
        {
            for (int i = random.Next(keys / 2); i >= 0; i--)
            {
                int key = random.Next(keys);
                if (random.Next(batch > 40 ? 5 : 3) == 0 || batch <= 40)
                {
                    string value = $"{batch}.{i}";
                    model[key] = value;
                    edit.Set(key, (key, value));
                }

                if (random.Next(3) == 0 || batch > 40)
                {
                    int gone = random.Next(keys);
                    Assert.True(model.Remove(gone) == edit.Remove(gone), $"seed {seed}");
                }
            }

            versions.Add((edit.Build(), new Dictionary<int, string>(model)));
        }

        foreach ((PersistentTrie<int, (int Key, string Value), Colliding> trie, Dictionary<int, string> expected) in versions)
        {
            Assert.Equal(expected.Count, trie.Count);
            Assert.Equal(expected.OrderBy(pair => pair.Key), trie.All().Select(entry => KeyValuePair.Create(entry.Key, entry.Value)).OrderBy(pair => pair.Key));
            for (int key = -1; key <= keys; key++)
            {
                bool found = trie.TryFind(key, out (int Key, string Value) entry);
                Assert.True(found == expected.TryGetValue(key, out string? value) && (!found || entry.Value == value), $"seed {seed}, key {key}");
            }
        }
    }

    [Fact]
    public void RemovingAll_LeavesNothing()
    {
        TrieEdit<int, (int Key, string Value), Colliding> edit = default(PersistentTrie<int, (int Key, string Value), Colliding>).Edit();
        for (int key = 0; key < 1000; key++)
        {
            edit.Set(key, (key, ""));
        }

        for (int key = 999; key >= 0; key--)
        {
            Assert.True(edit.Remove(key));
            Assert.False(edit.Remove(key));
        }

        Assert.Equal(0, edit.Build().Count);
        Assert.Empty(edit.Build().All());
    }

    [Fact]
    public void TextHash_OfTwoParts_IsThatOfTheWhole() => Assert.Equal(TextHash.Of("cluster//Pod/ns/name"), TextHash.Of("cluster//Pod/", "ns/name"));


    /// <summary>Every third key has the hash of its neighbour, and high bits are few.</summary>
    private readonly struct Colliding : IKeying<int, (int Key, string Value)>
    {
        public static uint HashKey(in int key) => (uint)(key / 3) * 0x0100_0193;

        public static uint HashEntry(in (int Key, string Value) entry) => HashKey(entry.Key);

        public static bool HasKey(in (int Key, string Value) entry, in int key) => entry.Key == key;
    }
}
