using Ambient.Mesh.Connections;
using Ambient.Mesh.Policies;
using Ambient.Mesh.Workloads;

namespace Ambient.Ztunnel.Observation;

/// <summary>The open connections of one pod on one loop, as an intrusive list: nothing is allocated per entry. Loop-affine.</summary>
public sealed class ConnectionTable
{
    private ConnectionRecord? _first;

    /// <summary>Connections in the table.</summary>
    public int Count { get; private set; }

    /// <summary>Those of them that were there at <see cref="MarkElders"/>.</summary>
    public int Elders { get; private set; }

    /// <summary>From here on what is in the table is old, and what comes is not.</summary>
    public void MarkElders()
    {
        for (ConnectionRecord? record = _first; record is not null; record = record.Next)
        {
            record.IsElder = true;
        }

        Elders = Count;
    }

    /// <summary>Adds a record; it leaves by itself when it closes. Inbound connections enter before their first evaluation.</summary>
    public void Add(ConnectionRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (record.Table is not null || record.IsClosed)
        {
            return;
        }

        record.Table = this;
        record.Next = _first;
        if (_first is not null)
        {
            _first.Previous = record;
        }

        _first = record;
        Count++;
    }

    /// <summary>Takes a record out; nothing happens when it is not in.</summary>
    public void Remove(ConnectionRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (record.Table != this)
        {
            return;
        }

        if (record.Previous is null)
        {
            _first = record.Next;
        }
        else
        {
            record.Previous.Next = record.Next;
        }

        if (record.Next is not null)
        {
            record.Next.Previous = record.Previous;
        }

        record.Previous = null;
        record.Next = null;
        record.Table = null;
        Count--;
        Elders -= record.IsElder ? 1 : 0;
        record.IsElder = false;
    }

    /// <summary>
    /// Asks the policies again about every open inbound connection and cuts those that are refused now (ztunnel.md 5.5).
    /// The workload is the present one, not that of the connection's start: a changed policy list counts at once.
    /// </summary>
    /// <returns>How many were cut.</returns>
    public int Reevaluate(PolicySet policies, Workload local)
    {
        int cut = 0;
        foreach (ConnectionRecord record in Records())
        {
            if (record.Reporter == Reporter.Destination && record.IsOpen && !PolicyEngine.Evaluate(policies, record.Facts, local).IsAllowed)
            {
                record.Owner.Cut(CloseReason.PolicyChanged, "connection closed due to policy change");
                cut++;
            }
        }

        return cut;
    }

    /// <summary>Cuts everything, for drains and removed pods.</summary>
    public void CutAll(CloseReason reason, string detail)
    {
        foreach (ConnectionRecord record in Records())
        {
            record.Owner.Cut(reason, detail);
        }
    }

    /// <summary>Adds a row for each open connection to <paramref name="rows"/>.</summary>
    public void List(ISet<ConnectionRow> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        foreach (ConnectionRecord record in Records())
        {
            if (record.IsOpen)
            {
                string? original = record.Reporter == Reporter.Source ? record.Original.ToString() : record.ForwardedHost;
                rows.Add(new ConnectionRow(record.Reporter, record.Source, original, record.Actual, record.Protocol));
            }
        }
    }

    // A copy, because cutting one connection may end others with it.
    private ConnectionRecord[] Records()
    {
        ConnectionRecord[] records = new ConnectionRecord[Count];
        int at = 0;
        for (ConnectionRecord? record = _first; record is not null; record = record.Next)
        {
            records[at++] = record;
        }

        return records;
    }
}
