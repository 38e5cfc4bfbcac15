namespace AutoStack.Data.Logs;

/// <summary>
/// Finds many patterns in one pass (Aho and Corasick, 1975), in a time that depends on the text alone. The nodes of a pattern follow one
/// another, so that a node takes 11 bytes: most have one child, which is the next.
/// </summary>
internal sealed class PatternAutomaton
{
    private const byte Continues = 1;
    private const byte Branches = 2;

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

    /// <summary>The node that a character leads to: that of the longest end of the text which begins a pattern.</summary>
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

    /// <summary>The length of the longest pattern that ends at a node; 0 when none does.</summary>
    public int Longest(int node) => longest[node];

    /// <summary>How much of a pattern has been seen at a node.</summary>
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

    // The two alphabets of base64 are one.
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

    // Level by level: a fallback is always shorter.
    private void Link()
    {
        var waiting = chains.OrderBy(chain => chain.Depth).ToArray();
        List<(int Node, int Parent, int End)> level = [];
        for (int depth = 1, next = 0; level.Count > 0 || next < waiting.Length; depth++)
        {
            for (; next < waiting.Length && waiting[next].Depth == depth; next++)
            {
                var place = chains.BinarySearch(waiting[next], Comparer<(int First, int Parent, int Depth)>.Create((one, other) => one.First.CompareTo(other.First)));
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
