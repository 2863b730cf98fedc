using Ambient.Identity.Issuing;
using Ambient.Ztunnel;
using Ambient.Ztunnel.Settings;

// ztunnel: the node proxy. Parse the settings, build the parts, run until a signal says otherwise, drain.
switch (args.FirstOrDefault())
{
    case null or "proxy":
        break;
    case "version":
        Console.Out.WriteLine(typeof(ZtunnelProcess).Assembly.GetName().Version);
        return 0;
    default:
        Console.Out.WriteLine("usage: ztunnel [proxy | version | help]; settings come from the environment, see docs/operations.md");
        return args[0] == "help" ? 0 : 1;
}

Dictionary<string, string> environment = [];
foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
{
    environment[(string)variable.Key] = (string?)variable.Value ?? "";
}

SettingsResult parsed = ZtunnelSettings.Parse(environment, SettingsHost.OfMachine(args.Length > 1 ? args[1..] : []));
if (parsed.Settings is not { } settings)
{
    foreach (SettingError error in parsed.Errors)
    {
        Console.Error.WriteLine(error);
    }

    return 1;
}

ZtunnelProcess ztunnel;
try
{
    ztunnel = new ZtunnelProcess(settings);
}
catch (Exception unusable) when (unusable is IssueException or InvalidDataException or Ambient.Linux.LinuxException)
{
    Console.Error.WriteLine(unusable.Message);
    return 1;
}

await using (ztunnel)
{
    return await ztunnel.RunAsync(parsed.Warnings);
}
