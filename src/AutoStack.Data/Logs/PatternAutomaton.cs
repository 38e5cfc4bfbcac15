namespace AutoStack.Data.Logs;

/// <summary>
/// Finds many patterns in one pass (Aho and Corasick, 1975), in a time linear in the text. The nodes of a pattern are stored consecutively,
/// so that a node takes 11 bytes: the only child of most nodes is the next node.
/// </summary>
internal sealed class PatternAutomaton
{
    private const byte Continues = 1;
    private const byte Branches = 2;

    private static readonly Comparer<(int First, int Parent, int Depth)> ByFirst =
        Comparer<(int First, int Parent, int Depth)>.Create((one, other) => one.First.CompareTo(other.First));

    private readonly List<(int First, int Parent, int Depth)> chains = [];
    private readonly Dictionary<(int Node, char Label), int> branches = [];
    private readonly int[] starts = new int[128];
    private readonly char[] labels;
    private readonly byte[] flags;
    private readonly int[] fallbacks;
    private readonly int[] longest;

    public PatternAutomaton(IReadOnlyCollection<string> patterns)
    {
        var most = 1 + patterns.Sum(pattern => pattern.Length);
        (labels, flags, longest) = (new char[most], new byte[most], new int[most]);
        var count = 1;
        foreach (var pattern in patterns)
        {
            count = Add(pattern, count);
        }

        Array.Resize(ref labels, count);
        Array.Resize(ref flags, count);
        Array.Resize(ref longest, count);
        fallbacks = new int[count];
        Link();
    }

    /// <summary>Returns the next node: that of the longest end of the text that begins a pattern.</summary>
    public int Next(int node, char unit)
    {
        var label = Fold(unit);
        int next;
        while ((next = Child(node, label)) < 0)
        {
            if (node == 0)
            {
                return 0;
            }

            node = fallbacks[node];
        }

        return next;
    }

    /// <summary>The length of the longest pattern that ends at a node; 0 when no pattern does.</summary>
    public int Longest(int node) => longest[node];

    /// <summary>The length of the beginning of a pattern that leads to a node.</summary>
    public int Depth(int node)
    {
        if (node == 0)
        {
            return 0;
        }

        var (low, high) = (0, chains.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = chains[middle].First <= node ? (middle, high) : (low, middle - 1);
        }

        return chains[low].Depth + node - chains[low].First;
    }

    // Folds the two alphabets of base64 into one.
    private static char Fold(char unit) => unit switch { '-' => '+', '_' => '/', _ => unit };

    private int Child(int node, char label) =>
        node == 0 && label < starts.Length ? starts[label] > 0 ? starts[label] : -1
        : (flags[node] & Continues) != 0 && labels[node + 1] == label ? node + 1
        : (flags[node] & Branches) != 0 && branches.TryGetValue((node, label), out var child) ? child
        : -1;

    private int Add(string pattern, int count)
    {
        var node = 0;
        var depth = 0;
        for (int child; depth < pattern.Length && (child = Child(node, Fold(pattern[depth]))) >= 0; depth++)
        {
            node = child;
        }

        if (depth < pattern.Length)
        {
            flags[node] |= Branches;
            branches.Add((node, Fold(pattern[depth])), count);
            if (node == 0 && Fold(pattern[0]) < starts.Length)
            {
                starts[Fold(pattern[0])] = count;
            }

            chains.Add((count, node, depth + 1));
            for (node = count - 1; depth < pattern.Length; depth++)
            {
                labels[++node] = Fold(pattern[depth]);
                flags[node] = Continues;
            }

            flags[node] = 0;
            count = node + 1;
        }

        longest[node] = pattern.Length;
        return count;
    }

    // Links level by level: a fallback always has a lower level.
    private void Link()
    {
        var waiting = chains.OrderBy(chain => chain.Depth).ToArray();
        List<(int Node, int Parent, int End)> level = [];
        for (int depth = 1, next = 0; level.Count > 0 || next < waiting.Length; depth++)
        {
            for (; next < waiting.Length && waiting[next].Depth == depth; next++)
            {
                var place = chains.BinarySearch(waiting[next], ByFirst);
                level.Add((waiting[next].First, waiting[next].Parent, place + 1 < chains.Count ? chains[place + 1].First : labels.Length));
            }

            var kept = 0;
            for (var i = 0; i < level.Count; i++)
            {
                var (node, parent, end) = level[i];
                var fallback = parent == 0 ? 0 : Next(fallbacks[parent], labels[node]);
                fallbacks[node] = fallback;
                longest[node] = Math.Max(longest[node], longest[fallback]);
                if (node + 1 < end)
                {
                    level[kept++] = (node + 1, node, end);
                }
            }

            level.RemoveRange(kept, level.Count - kept);
        }
    }
}
