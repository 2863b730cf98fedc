namespace Ambient.Telemetry.Metrics;

/// <summary>Something that computes its families only when they are scraped.</summary>
public interface IMetricCollector
{
    /// <summary>Writes families and samples. Called on the thread of a scrape, one scrape at a time.</summary>
    void Collect(ExpositionWriter writer);
}
