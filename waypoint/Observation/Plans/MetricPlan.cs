using Ambient.Protocol.L7;
using Ambient.Routing.Expressions;
using Google.Protobuf;

namespace Ambient.Waypoint.Observation.Plans;

/// <summary>
/// Which of Istio's metrics are kept for a service, and with which labels. Immutable; equal when made of the same overrides, so that a new configuration finds the
/// series of the one before.
/// </summary>
internal sealed class MetricPlan : IEquatable<MetricPlan>
{
    // What a rule may add to a series.
    private const int MaxTags = 32;

    private readonly string _key;
    private readonly LabelLayout[] _layouts = new LabelLayout[IstioMetrics.Count];
    private readonly bool[] _isOff = new bool[IstioMetrics.Count];
    private readonly List<Expression> _computed = [];

    private MetricPlan(string key)
    {
        _key = key;
        for (int i = 0; i < IstioMetrics.Count; i++)
        {
            _layouts[i] = LabelLayout.Of((IstioMetric)i);
        }
    }

    /// <summary>Every metric with its usual labels.</summary>
    public static MetricPlan Standard { get; } = new("");

    /// <summary>Values that follow from each request.</summary>
    public IReadOnlyList<Expression> Computed => _computed;

    /// <summary>Whether nothing is kept at all.</summary>
    public bool IsOff => Array.TrueForAll(_isOff, static off => off);

    /// <summary>Compiles overrides; what cannot be used is said and left out.</summary>
    public static MetricPlan Compile(IReadOnlyCollection<MetricOverride> overrides, Action<string> problem)
    {
        if (overrides.Count == 0)
        {
            return Standard;
        }

        MetricPlan plan = new(string.Join(';', overrides.Select(o => o.ToByteString().ToBase64())));
        foreach (MetricOverride change in overrides)
        {
            for (int i = 0; i < IstioMetrics.Count; i++)
            {
                if (change.Metric.Length == 0 || change.Metric == IstioMetrics.Names[i])
                {
                    plan._isOff[i] = change.HasDisabled ? change.Disabled : plan._isOff[i];
                    plan.Change(i, change, problem);
                }
            }
        }

        for (int i = 1; i < IstioMetrics.Count; i++)
        {
            // Metrics with the same labels share their text.
            plan._layouts[i] = Array.Find(plan._layouts[..i], other => other.IsSameAs(plan._layouts[i])) ?? plan._layouts[i];
        }

        return plan;
    }

    /// <summary>The labels of a metric; null when it is not kept.</summary>
    public LabelLayout? this[IstioMetric metric] => _isOff[(int)metric] ? null : _layouts[(int)metric];

    /// <inheritdoc/>
    public bool Equals(MetricPlan? other) => ReferenceEquals(this, other) || (other is not null && _key == other._key);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MetricPlan);

    /// <inheritdoc/>
    public override int GetHashCode() => _key.GetHashCode(StringComparison.Ordinal);

    private void Change(int metric, MetricOverride change, Action<string> problem)
    {
        foreach (TagOverride tag in change.Tags)
        {
            if (tag.Remove)
            {
                _layouts[metric] = _layouts[metric].Without(tag.Name);
            }
            else if (!Expression.TryCompile(tag.Value, out Expression? expression, out string? error))
            {
                problem($"tag {tag.Name}: {error}");
            }
            else if (_layouts[metric].AddedCount >= MaxTags)
            {
                problem($"tag {tag.Name}: a metric has at most {MaxTags} tags of its own");
            }
            else if (expression.Constant.AsText() is { } constant)
            {
                _layouts[metric] = _layouts[metric].With(tag.Name, LabelSource.Of(constant));
            }
            else
            {
                _layouts[metric] = _layouts[metric].With(tag.Name, LabelSource.OfComputed(IndexOf(expression)));
            }
        }
    }

    private int IndexOf(Expression expression)
    {
        int index = _computed.FindIndex(known => known.Text == expression.Text);
        if (index < 0)
        {
            index = _computed.Count;
            _computed.Add(expression);
        }

        return index;
    }
}
