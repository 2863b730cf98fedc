using Ambient.Protocol.L7;
using Google.Protobuf.Collections;

namespace Ambient.Routing.Actions;

/// <summary>Weighted destinations. Immutable.</summary>
public sealed class TargetChoice
{
    private readonly Target[] _targets;
    private readonly ulong[] _ends;

    internal TargetChoice(RepeatedField<WeightedTarget> targets)
        : this([.. targets.Where(target => target.Weight > 0)], targets.Count == 1)
    {
    }

    private TargetChoice(WeightedTarget[] weighted, bool isOne)
    {
        _targets = [.. weighted.Select(target => new Target(target))];
        _ends = new ulong[_targets.Length];
        ulong sum = 0;
        for (int i = 0; i < _targets.Length; i++)
        {
            _ends[i] = sum += isOne ? 1 : weighted[i].Weight;
        }
    }

    /// <summary>All that may be chosen.</summary>
    public IReadOnlyList<Target> All => _targets;

    /// <summary>Chooses by a random number from [0, 1); null when there is nothing to choose from.</summary>
    public Target? Pick(double random)
    {
        if (_targets.Length < 2)
        {
            return _targets.Length == 0 ? null : _targets[0];
        }

        ulong at = (ulong)(random * _ends[^1]);
        foreach ((ulong end, Target target) in _ends.Zip(_targets))
        {
            if (at < end)
            {
                return target;
            }
        }

        return _targets[^1];
    }
}
