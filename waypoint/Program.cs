using Ambient.Waypoint;
using Ambient.Waypoint.Settings;

// waypoint: the L7 proxy. Parse the settings, build the parts, run until a signal says otherwise, drain.
Dictionary<string, string> environment = [];
foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
{
    environment[(string)variable.Key] = (string?)variable.Value ?? "";
}

if (!WaypointOptions.TryParse(environment, out WaypointOptions? options, out IReadOnlyList<string> errors))
{
    foreach (string error in errors)
    {
        Console.Error.WriteLine(error);
    }

    return 1;
}

WaypointProcess waypoint;
try
{
    waypoint = new WaypointProcess(options);
}
catch (InvalidDataException unusable)
{
    Console.Error.WriteLine(unusable.Message);
    return 1;
}

await using (waypoint)
{
    return await waypoint.RunAsync();
}
